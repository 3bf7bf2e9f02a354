"""Signature Version 4 of a POST to an AWS service's root, as its JSON protocol sends it.

Only what such a request has: one path, no query, five headers. The key of a day is derived once.
Source: AWS's guide "Create a signed AWS API request".
"""

import hashlib
import hmac
from datetime import datetime

from shared.adapters.aws.credentials import Credentials

ALGORITHM = "AWS4-HMAC-SHA256"


class Signer:
    """Signs the requests to one service in one region.

    Args:
        host: the header that the request will have, with the port if it is not the usual one.
        content_type: what every request says of its body.
    """

    def __init__(self, *, service: str, region: str, host: str, content_type: str) -> None:
        self._service, self._region = service, region
        self._host, self._content_type = host, content_type
        # Day and secret that the key was derived from, and the key: changed together.
        self._derived = ("", "", b"")

    def headers(
        self, target: str, body: bytes, *, by: Credentials, now: datetime
    ) -> dict[str, str]:
        """All headers of one request.

        Args:
            target: the operation, as ``X-Amz-Target`` names it.
            now: aware, in UTC.
        """
        moment = f"{now:%Y%m%dT%H%M%SZ}"
        day = moment[:8]
        headers = {
            "content-type": self._content_type,
            "host": self._host,
            "x-amz-date": moment,
        }
        if by.session_token:
            headers["x-amz-security-token"] = by.session_token
        headers["x-amz-target"] = target
        # In the order of their names, which is the order in which they were added.
        names = ";".join(headers)
        lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
        digest = hashlib.sha256(body).hexdigest()
        request = f"POST\n/\n\n{lines}\n{names}\n{digest}"
        scope = f"{day}/{self._region}/{self._service}/aws4_request"
        hashed = hashlib.sha256(request.encode()).hexdigest()
        text = f"{ALGORITHM}\n{moment}\n{scope}\n{hashed}"
        signature = hmac.digest(self._key_of(day, by.secret_key), text.encode(), "sha256").hex()
        headers["authorization"] = (
            f"{ALGORITHM} Credential={by.access_key}/{scope}, "
            f"SignedHeaders={names}, Signature={signature}"
        )
        return headers

    def _key_of(self, day: str, secret: str) -> bytes:
        known_day, known_secret, key = self._derived
        if (known_day, known_secret) != (day, secret):
            key = f"AWS4{secret}".encode()
            for part in (day, self._region, self._service, "aws4_request"):
                key = hmac.digest(key, part.encode(), "sha256")
            self._derived = (day, secret, key)
        return key
