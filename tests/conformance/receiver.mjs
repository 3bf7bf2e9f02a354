// What a JavaScript consumer asks of a delivery: is this from QStash, for me, with this body?
//
//   node receiver.mjs                  {signature, body, url} as JSON on stdin; ends with 0 for yes

import { text } from "node:stream/consumers";
import { Receiver } from "@upstash/qstash";

const { QSTASH_CURRENT_SIGNING_KEY, QSTASH_NEXT_SIGNING_KEY } = process.env;
const receiver = new Receiver({
  currentSigningKey: QSTASH_CURRENT_SIGNING_KEY,
  nextSigningKey: QSTASH_NEXT_SIGNING_KEY,
});
await receiver.verify(JSON.parse(await text(process.stdin)));
