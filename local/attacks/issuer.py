"""An issuer of tokens: OpenID discovery and keys over HTTP, as API Gateway looks for them."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

AUDIENCE = "web"
_LIFETIME = 600


def new_key() -> rsa.RSAPrivateKey:
    """A signing key."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass(frozen=True)
class Issuer:
    """Signs tokens, and gives its public key to every reader."""

    port: int
    key: rsa.RSAPrivateKey = field(default_factory=new_key)

    @property
    def url(self) -> str:
        """Who it says it is, and where it answers."""
        return f"http://127.0.0.1:{self.port}"

    @cached_property
    def _jwk(self) -> dict[str, Any]:
        public: dict[str, Any] = json.loads(RSAAlgorithm.to_jwk(self.key.public_key()))
        return public | {"kid": "key-1", "use": "sig", "alg": "RS256"}

    def token(self, subject: str, *, key: rsa.RSAPrivateKey | None = None, **claims: Any) -> str:
        """A token of this user, perhaps with other claims or signed with another key.

        A claim given as None is left out.
        """
        now = int(time.time())
        usual = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": subject,
            "iat": now - 1,
            "exp": now + _LIFETIME,
        }
        told = {name: value for name, value in (usual | claims).items() if value is not None}
        return jwt.encode(told, key or self.key, algorithm="RS256", headers={"kid": "key-1"})

    def authorization(self, subject: str, **claims: Any) -> dict[str, str]:
        """The header with a token of this user."""
        return {"Authorization": f"Bearer {self.token(subject, **claims)}"}

    def document(self, path: str) -> dict[str, Any] | None:
        """What lies at a path."""
        documents: dict[str, dict[str, Any]] = {
            "/.well-known/openid-configuration": {
                "issuer": self.url,
                "jwks_uri": f"{self.url}/keys",
            },
            "/keys": {"keys": [self._jwk]},
        }
        return documents.get(path)


@contextmanager
def serving() -> Iterator[Issuer]:
    """An issuer that answers on a port of its own."""

    class Handler(BaseHTTPRequestHandler):
        """Answers with what lies at a path."""

        def do_GET(self) -> None:
            """The document, or 404."""
            found = issuer.document(self.path)
            body = json.dumps(found or {}).encode()
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: Any) -> None:
            """Not into the program's output."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    issuer = Issuer(server.server_port)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
