"""``python -m ops order``: confirm, process, ship, deliver, cancel."""

import argparse
import uuid
from typing import Any

from commandline.arguments import number
from commandline.entry import noting
from ops.core import connection as stage
from ops.orders import view
from ops.orders.service import OrderService
from shared.commerce.order_status import CANCELLED, CONFIRMED, DELIVERED, PROCESSING, SHIPPED
from shared.kernel.clock import SystemClock, iso

# The command for each step, and what it means to the back office.
STEPS = {
    "confirm": (CONFIRMED, "the payment arrived"),
    "process": (PROCESSING, "it is being packed"),
    "ship": (SHIPPED, "it left"),
    "deliver": (DELIVERED, "it arrived"),
    "cancel": (CANCELLED, "it will not be shipped; stock and money go back"),
}


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The ``order`` command and its steps."""
    parser = commands.add_parser("order", help="move an order along its life")
    steps = parser.add_subparsers(dest="step", required=True, metavar="STEP")
    for name, (state, help_text) in STEPS.items():
        step = steps.add_parser(name, help=help_text)
        step.add_argument("order_id")
        step.add_argument(
            "--wait", type=number(0, 86_400), default=30, help="seconds to wait for the verdict"
        )
        step.set_defaults(run=_run, event_type=state.event_type)
        stage.add_options(step)
        if name == "ship":
            step.add_argument("--carrier")
            step.add_argument("--tracking-number")
            step.add_argument("--tracking-url", help="an https address")
        if name == "cancel":
            step.add_argument("--reason", required=True, help="why; the customer may read it")


def _run(options: argparse.Namespace) -> int:
    connection = stage.connect(options)
    orders = OrderService(connection.tables, connection.publisher, connection.clock)
    event_id = f"evt_{uuid.uuid4().hex}"
    with noting(lambda: f"whether {event_id} was published is not known; `trace` tells"):
        orders.publish(options.order_id, options.event_type, _facts(options), event_id=event_id)
    with noting(lambda: f"published as {event_id}; `trace` tells what became of it"):
        verdict = orders.verdict(options.order_id, event_id, seconds=options.wait)
    if verdict is None:
        print(f"published as {event_id}; no verdict within {options.wait:g} s")
        return 1
    print(view.verdict(options.order_id, verdict))
    return 0 if verdict.verdict == "applied" else 1


def _facts(options: argparse.Namespace) -> dict[str, Any]:
    match options.step:
        case "ship":
            return {
                "carrier": options.carrier,
                "trackingNumber": options.tracking_number,
                "trackingUrl": options.tracking_url,
            }
        case "deliver":
            return {"deliveredAt": iso(SystemClock().now())}
        case "cancel":
            return {"reason": options.reason, "cancelledBy": "admin"}
    return {}
