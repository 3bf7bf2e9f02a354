"""Whom the AWS emulator answers: its own names, no foreign page, and the storefront at the API."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from local.stack import aws, ports, processes
from local.stack.home import Home

STOREFRONT = "http://localhost:5173"


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = Home(tmp_path_factory.mktemp("doors") / "home")
    home.create()
    port = ports.choose("", {})
    settings = aws.process_environment(home, port, {aws.IAM_VARIABLE: "off"})
    process = processes.start("aws", aws.command(), home, settings)
    try:
        processes.wait_until(lambda: aws.is_ready(port), process, 60)
        yield aws.endpoint(port)
    finally:
        processes.stop([process], home)


@pytest.fixture(scope="module")
def api(emulator: str) -> str:
    """An API that lets the storefront in."""
    client = aws.client("apigatewayv2", emulator)
    made = client.create_api(
        Name="shop", ProtocolType="HTTP", CorsConfiguration={"AllowOrigins": [STOREFRONT]}
    )
    client.close()
    return f"{emulator}/_aws/execute-api/{made['ApiId']}"


def ask(url: str, headers: dict[str, str], method: str = "GET") -> httpx.Response:
    return httpx.request(method, url, headers=headers, trust_env=False)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": STOREFRONT}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Host": "evil.example"}, 421),
    ],
)
@pytest.mark.parametrize("path", ["/_ministack/ses/messages", "/", "/_ministack/reset"])
def test_a_page_reads_no_mail_and_calls_no_service(
    emulator: str, headers: dict[str, str], status: int, path: str
) -> None:
    for method in ("GET", "POST", "OPTIONS"):
        assert ask(f"{emulator}{path}", headers, method).status_code == status


def test_programs_and_typed_addresses_are_answered(emulator: str) -> None:
    mailbox = f"{emulator}/_ministack/ses/messages"

    assert ask(mailbox, {}).status_code == 200
    assert ask(mailbox, {"Sec-Fetch-Site": "none"}).status_code == 200
    delivered = ask(f"{emulator}/", {"Host": "abc.lambda-url.eu-west-1.on.aws"})

    assert delivered.status_code != 421


def test_only_the_storefront_that_the_api_lets_in_may_call_it(api: str) -> None:
    asks: dict[str, Any] = {"Access-Control-Request-Method": "POST"}

    let_in = ask(f"{api}/api/checkout", {"Origin": STOREFRONT, **asks}, "OPTIONS")
    kept_out = ask(f"{api}/api/checkout", {"Origin": "http://localhost:3000", **asks}, "OPTIONS")

    assert let_in.status_code != 403
    assert let_in.headers["access-control-allow-origin"] == STOREFRONT
    assert kept_out.status_code == 403
    assert "access-control-allow-origin" not in kept_out.headers
