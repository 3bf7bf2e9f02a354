"""``python -m ops order``: confirm, process, ship, deliver, cancel; correct contact data."""

import argparse
import uuid
from pathlib import Path
from typing import Any

from commandline import files
from commandline.arguments import number
from commandline.entry import complain, noting
from commandline.files import FileError
from ops.core import actor
from ops.core import connection as stage
from ops.core.errors import OperatorError
from ops.core.publishing import be_ready
from ops.orders import view
from ops.orders.service import OrderService
from shared.commerce.order_status import CANCELLED, CONFIRMED, DELIVERED, PROCESSING, SHIPPED
from shared.kernel.clock import SystemClock, iso
from shared.kernel.errors import InvalidInputError

# More than a postal address takes.
_MOST_BYTES = 10_000
# The option for each field of contact data.
_CONTACT = {"customerName": "name", "customerEmail": "email", "customerAddress": "address"}
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
    _add_correct(steps)


def _add_correct(steps: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    correct = steps.add_parser("correct", help="whom it goes to, until it is shipped")
    correct.add_argument("order_id")
    correct.add_argument("--email", help="the mail address; the one of before gets a notice")
    correct.add_argument("--name", help="the customer's name")
    where = correct.add_mutually_exclusive_group()
    where.add_argument("--address", help="the postal address; line breaks become commas")
    where.add_argument("--address-file", type=Path, metavar="FILE", help="a file with it, in UTF-8")
    correct.add_argument("--reason", required=True, help="why; no contact data")
    correct.add_argument("--dry-run", action="store_true", help="show what would change")
    correct.add_argument(
        "--wait", type=number(0, 86_400), default=30, help="seconds to wait for the verdict"
    )
    actor.add_option(correct)
    correct.set_defaults(run=_correct)
    stage.add_options(correct)


def _run(options: argparse.Namespace) -> int:
    connection = stage.connect(options)
    be_ready(connection.publisher)
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


def _correct(options: argparse.Namespace) -> int:
    connection = stage.connect(options)
    options.operator = actor.who(options, connection, complain)
    orders = OrderService(connection.tables, connection.publisher, connection.clock)
    return correct(options, orders)


def correct(options: argparse.Namespace, orders: OrderService) -> int:
    """Correct contact data as the options say; the exit status: 0 if the order says so now.

    Raises:
        OperatorError: it cannot be done.
        PublishError, DependencyError: repeating the command is harmless.
    """
    contact = _contact(options)
    try:
        found = orders.correction(
            options.order_id, contact, reason=options.reason, operator=options.operator
        )
    except InvalidInputError as error:
        name = error.field.removeprefix("payload.")
        raise OperatorError(f"--{_CONTACT.get(name, name)}: {error.rule}") from None
    print(view.correction(found))
    if found.event is None:
        return 0
    if options.dry_run:
        print("a dry run: nothing was published")
        return 0
    event_id = found.event.event_id
    with noting(lambda: f"whether {event_id} was published is not known; repeating is harmless"):
        orders.publish_correction(found.event)
    with noting(lambda: f"published as {event_id}; `trace` tells what became of it"):
        verdict = orders.verdict(options.order_id, event_id, seconds=options.wait)
    if verdict is None:
        print(f"published as {event_id}; no verdict within {options.wait:g} s")
        return 1
    print(view.verdict(options.order_id, verdict))
    # A shipment, or a newer word on a field, may have come first.
    return 0 if orders.is_so(found) else 1


def _contact(options: argparse.Namespace) -> dict[str, str]:
    address = options.address
    if options.address_file is not None:
        address = _text_in(options.address_file)
    typed = {
        "customerName": options.name,
        "customerEmail": options.email,
        "customerAddress": address,
    }
    contact = {name: text for name, text in typed.items() if text is not None}
    if not contact:
        raise OperatorError("--email, --name, --address: say what to correct")
    return contact


def _text_in(path: Path) -> str:
    try:
        content = files.read(path, most=_MOST_BYTES)
        if len(content) > _MOST_BYTES:
            raise OperatorError(f"--address-file: must be at most {_MOST_BYTES} bytes")
        # A text file ends with a line break; it is no part of the address.
        return content.decode("utf-8").strip()
    except FileError as error:
        raise OperatorError(f"--address-file: {error}") from None
    except UnicodeDecodeError:
        raise OperatorError("--address-file: must be UTF-8") from None
