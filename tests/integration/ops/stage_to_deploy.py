"""A stage in an account of the AWS emulator, before its first deployment; and a Redis behind TLS."""

import datetime as dt
import ipaddress
import json
import random
import socketserver
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from socket import create_connection, socket
from typing import Any

import botocore.session
from botocore.config import Config
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from infra.settings import StageSettings
from infra.stage_file import SCHEMA, KnownStage
from local.stack import environment, qstash
from ops.core.stage_account import stage_of_file
from tests.services import Services
from tests.signing import CHECKOUT_KEY

DOMAIN = "shop.test"
ORDER_ID_KEY = "0a1b2c3d4e5f60718293a4b5c6d7e8f90123456789abcdef0123456789abcdef"


@dataclass
class StageToDeploy:
    """A stage, in an account that no other test has, with everything that a deployment needs."""

    services: Services
    server: qstash.Server
    redis_url: str
    folder: Path
    stage: str = "prod"
    facts: Mapping[str, Any] = field(default_factory=dict)
    account: str = field(default_factory=lambda: "".join(random.choices("123456789", k=12)))
    region: str = environment.REGION
    _clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """A client with the account's credentials."""
        if service not in self._clients:
            self._clients[service] = botocore.session.Session().create_client(
                service,
                region_name=environment.REGION,
                endpoint_url=self.services.aws_url,
                aws_access_key_id=self.account,
                aws_secret_access_key="of-a-test",
                config=Config(retries={"total_max_attempts": 1}),
            )
        return self._clients[service]

    def close(self) -> None:
        """Close the clients."""
        for client in self._clients.values():
            client.close()

    def file(self, *, account: str = "", region: str = "") -> tuple[KnownStage, StageSettings]:
        """The stage's file, as it is checked in."""
        facts: dict[str, Any] = {
            "sender_domain": DOMAIN,
            "alert_address": f"stock@{DOMAIN}",
            "alarm_email": f"oncall@{DOMAIN}",
            "storefront_auth": "none",
            "cors_origins": [f"https://www.{DOMAIN}"],
            "qstash_url": self.server.url,
            **self.facts,
        }
        values = {
            "$schema": f"./{SCHEMA}",
            "account": account or self.account,
            "region": region or self.region,
            "facts": facts,
        }
        (self.folder / f"{self.stage}.json").write_text(json.dumps(values))
        return stage_of_file(self.stage, self.folder)

    def prepare(self) -> None:
        """Put in everything that a deployment needs."""
        self.parameter("/cdk-bootstrap/hnb659fds/version", "31", kind="String")
        secrets = {
            "ORDER_ID_KEY": ORDER_ID_KEY,
            "QSTASH_TOKEN": self.server.token,
            "QSTASH_CURRENT_SIGNING_KEY": self.server.current_signing_key,
            "QSTASH_NEXT_SIGNING_KEY": self.server.next_signing_key,
            "REDIS_URL": self.redis_url,
            "CHECKOUT_CURRENT_SIGNING_KEY": CHECKOUT_KEY,
        }
        for name, value in secrets.items():
            self.secret(name, value)

    def secret(self, name: str, value: str, **options: Any) -> None:
        """Store a secret as a person could, with whatever in it."""
        self.parameter(f"/order-pipeline/{self.stage}/secrets/{name}", value, **options)

    def forget_secret(self, name: str) -> None:
        """Take it away."""
        self.client("ssm").delete_parameter(Name=f"/order-pipeline/{self.stage}/secrets/{name}")

    def secrets(self) -> dict[str, str]:
        """What is stored."""
        answer = self.client("ssm").get_parameters_by_path(
            Path=f"/order-pipeline/{self.stage}/secrets", WithDecryption=True
        )
        return {p["Name"].rpartition("/")[2]: p["Value"] for p in answer["Parameters"]}

    def parameter(
        self, name: str, value: str, *, kind: str = "SecureString", key: str = ""
    ) -> None:
        """Write a parameter."""
        more = {"KeyId": key} if key else {}
        self.client("ssm").put_parameter(Name=name, Value=value, Type=kind, Overwrite=True, **more)


@contextmanager
def behind_tls(port: int, folder: Path) -> Iterator[str]:
    """An address of the Redis on this port, with TLS before it and a certificate that is trusted."""
    certificate, key = _certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    class Front(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            try:
                caller = context.wrap_socket(self.request, server_side=True)
            except OSError:  # who does not trust the certificate hangs up
                return
            with caller, create_connection(("127.0.0.1", port)) as inner:
                _relay(caller, inner)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A caller that went away is what some tests want."""

    with Server(("127.0.0.1", 0), Front) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"rediss://127.0.0.1:{server.server_address[1]}/0?ssl_ca_certs={certificate}"
        finally:
            server.shutdown()
            thread.join()


def _relay(caller: socket, inner: socket) -> None:
    """A question, then its answer: a client that pings sends no second question before."""
    try:
        while question := caller.recv(65_536):
            inner.sendall(question)
            caller.sendall(inner.recv(65_536))
    except OSError:  # the caller hung up
        return


def _certificate(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "redis.test")])
    now = dt.datetime.now(dt.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    certificate, private = folder / "redis.pem", folder / "redis.key"
    certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return certificate, private
