import asyncio
from typing import Any

import pytest

from local.stack.concurrency_limit import ConcurrencyLimiter, invokes


def request(path: str = "/", host: str = "127.0.0.1:4566") -> dict[str, Any]:
    return {"type": "http", "path": path, "headers": [(b"Host", host.encode())]}


@pytest.mark.parametrize(
    "scope",
    [
        request("/_aws/execute-api/a1b2c3d4/api/checkout"),
        request("/_aws/lambda-url/abc/"),
        request("/2015-03-31/functions/checkout/invocations"),
        request("/", "abc.lambda-url.us-east-1.on.aws"),
        request("/", "ABC.Execute-Api.localhost:4566"),
    ],
)
def test_what_makes_a_function_run_is_recognised(scope):
    assert invokes(scope)


@pytest.mark.parametrize(
    "scope",
    [
        request("/"),
        request("/_ministack/ready"),
        request("/2015-03-31/functions/checkout"),
        {"type": "lifespan"},
    ],
)
def test_everything_else_passes(scope):
    assert not invokes(scope)


class Lambda:
    """Counts what runs at once."""

    def __init__(self) -> None:
        self.running = self.most = self.finished = 0
        self.order: list[str] = []

    async def __call__(self, scope, receive, send) -> None:
        self.running += 1
        self.most = max(self.most, self.running)
        self.order.append(scope["path"])
        await asyncio.sleep(0.001)
        self.running -= 1
        self.finished += 1


async def _nothing(*_arguments: Any) -> dict[str, Any]:
    return {}


def serve(limiter: ConcurrencyLimiter, *scopes: dict[str, Any]) -> None:
    async def all_at_once() -> None:
        await asyncio.gather(*(limiter(scope, _nothing, _nothing) for scope in scopes))  # type: ignore[arg-type]

    asyncio.run(all_at_once())


def test_a_burst_runs_a_few_at_a_time_in_the_order_it_came():
    application = Lambda()
    paths = [f"/_aws/lambda-url/{number}" for number in range(50)]

    serve(ConcurrencyLimiter(application, 4), *(request(path) for path in paths))

    assert application.finished == 50
    assert application.most == 4
    assert application.order == paths


def test_tables_and_queues_do_not_wait_for_functions():
    application = Lambda()

    serve(ConcurrencyLimiter(application, 1), *(request("/") for _ in range(20)))

    assert application.most == 20


def test_requests_count_as_encrypted_because_policies_demand_it():
    schemes = []

    async def application(scope, receive, send) -> None:
        schemes.append(scope["scheme"])

    serve(ConcurrencyLimiter(application, 1), request("/bucket") | {"scheme": "http"})

    assert schemes == ["https"]


def test_a_failed_invocation_gives_its_place_back():
    async def failing(scope, receive, send) -> None:
        raise RuntimeError("no")

    limiter = ConcurrencyLimiter(failing, 1)

    for _ in range(3):
        with pytest.raises(RuntimeError):
            serve(limiter, request("/_aws/lambda-url/x"))
