// A shop's own producer: JavaScript on Upstash's client, written long before this pipeline.
//
//   node producer.mjs one|batch        carts as JSON on stdin, what was published as JSON on stdout
//
// Its habits are the point of it. It adds up in binary floats, makes a new event id for each publish,
// leaves the correlation empty, names no failure callback, and encodes the events of a batch twice.

import { randomUUID } from "node:crypto";
import { text } from "node:stream/consumers";
import { Client } from "@upstash/qstash";

const { QSTASH_URL, QSTASH_TOKEN, QSTASH_WEBHOOK_BASE_URL } = process.env;
const client = new Client({ baseUrl: QSTASH_URL, token: QSTASH_TOKEN });
const url = `${QSTASH_WEBHOOK_BASE_URL}/api/webhooks/commands`;

const eventOf = (cart) => ({
  eventId: randomUUID(),
  eventType: "command.checkout",
  timestamp: new Date().toISOString(),
  version: "1.0",
  source: "checkout-api",
  correlationId: "",
  payload: {
    ...cart,
    totalAmount: cart.items.reduce((sum, { price, quantity }) => sum + price * quantity, 0),
  },
});

const headersOf = (event) => ({
  "X-Event-Type": event.eventType,
  "X-Event-ID": event.eventId,
  "X-Correlation-ID": event.correlationId,
  "X-Event-Version": event.version,
  "X-Event-Source": event.source,
});

const publish = {
  one: async (events) => {
    for (const event of events) {
      await client.publishJSON({ url, body: event, headers: headersOf(event), retries: 3 });
    }
  },
  batch: (events) =>
    client.batchJSON(
      events.map((event) => ({
        url,
        body: JSON.stringify(event),
        headers: headersOf(event),
        retries: 3,
      })),
    ),
};

const events = JSON.parse(await text(process.stdin)).map(eventOf);
await publish[process.argv[2]](events);
console.log(JSON.stringify(events));
