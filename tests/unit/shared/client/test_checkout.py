"""What the README tells the server of a shop to do is what the API takes."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from shared.client.checkout import sign_checkout
from shared.messaging.signature import SigningKeys
from shared.messaging.standard_webhooks import decoded_key, verify
from tests.signing import CHECKOUT_KEY

ROOT = Path(__file__).parents[4]
BODY = '{"paymentId": "pay-1", "customerName": "Zoë"}'
KEYS = SigningKeys(decoded_key(CHECKOUT_KEY), decoded_key(CHECKOUT_KEY))


def test_what_is_signed_here_is_genuine_there():
    headers = sign_checkout(BODY.encode(), key=CHECKOUT_KEY, now=lambda: 1_772_366_400.9)

    verify(headers, BODY.encode(), keys=KEYS, now=1_772_366_401)


def test_each_request_has_a_name_of_its_own():
    names = {sign_checkout(b"{}", key=CHECKOUT_KEY)["webhook-id"] for _ in range(20)}

    assert len(names) == 20


@pytest.mark.parametrize("key", ["", "sig_of_qstash_0123456789abcdefghijk", "whsec_!"])
def test_what_is_no_key_signs_nothing(key):
    with pytest.raises(ValueError, match="whsec_"):
        sign_checkout(b"{}", key=key)


def test_the_lines_for_node_in_the_readme_sign_the_same_way():
    lines = re.search(r"```js\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    assert lines is not None
    program = f"""
        import crypto from "node:crypto"
        const body = {BODY!r}, apiUrl = "https://api"
        const fetch = async (url, request) => console.log(JSON.stringify([url, request]))
        {lines[1]}
    """
    ran = subprocess.run(
        ["node", "--input-type=module", "-e", program],
        env={"CHECKOUT_CURRENT_SIGNING_KEY": CHECKOUT_KEY, "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr

    url, request = json.loads(ran.stdout)
    assert (url, request["method"]) == ("https://api/api/checkout", "POST")
    moment = float(request["headers"]["webhook-timestamp"])
    verify(request["headers"], request["body"].encode(), keys=KEYS, now=moment)
