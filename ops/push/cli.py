"""``python -m ops push``: register devices of users, look at them, take them out."""

import argparse

from commandline.entry import noting
from functions.notifications.channels.push.devices import DeviceTables
from functions.notifications.channels.push.message import endpoint_arn
from ops.core import connection as stage
from ops.core.errors import OperatorError
from ops.core.terminal import harmless
from shared.kernel.ids import USER_ID_RULE, is_user_id
from shared.storage.writes import ConditionsFailed


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The ``push`` command and its actions."""
    parser = commands.add_parser("push", help="devices that get push messages")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    register = actions.add_parser("register", help="tell a user on this device too")
    listing = actions.add_parser("list", help="the devices of a user")
    remove = actions.add_parser("remove", help="do not tell the user on this device any more")
    for action in (register, listing, remove):
        action.add_argument("user_id", metavar="USER")
        if action is not listing:
            action.add_argument("endpoint", metavar="ARN", help="of the device's endpoint in SNS")
        action.set_defaults(run=_run)
        stage.add_options(action)


def _run(options: argparse.Namespace) -> int:
    # Looked at before anything is opened: a wrong word needs no network to be told.
    if not is_user_id(options.user_id):
        raise OperatorError(f"user: {USER_ID_RULE}")
    if options.action != "list":
        endpoint_arn(options.endpoint)
    connection = stage.connect(options)
    return act(options, DeviceTables(connection.tables, connection.clock))


def act(options: argparse.Namespace, devices: DeviceTables) -> int:
    """Do what the options say; the exit status.

    Raises:
        OperatorError: somebody else changes the user's devices this moment.
        PipelineError: it cannot be done, or the store did not answer.
    """
    user = options.user_id
    if options.action == "list":
        endpoints = devices.of(user).endpoints
        print("\n".join(map(harmless, endpoints)) or f"{harmless(user)} has no device")
        return 0
    registering = options.action == "register"
    change = devices.register if registering else devices.remove
    try:
        with noting(lambda: "whether it is done is not known: `push list` tells"):
            changed = change(user, options.endpoint)
    except ConditionsFailed:
        raise OperatorError("the user's devices are being changed: try again") from None
    state = "registered" if registering else "removed"
    already = "" if changed else "was already " if registering else "was not "
    print(f"{harmless(options.endpoint)}  {already}{'registered' if already else state}")
    return 0
