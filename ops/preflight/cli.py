"""``python -m ops preflight``: what would stop a deployment, or the first order after it."""

import argparse

from ops.core import finding
from ops.core.stage_account import stage_of_file
from ops.preflight.run import Preflight
from shared.runtime import botocore_clients, clients


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The ``preflight`` command."""
    parser = commands.add_parser(
        "preflight",
        help="is everything there that a deployment needs?",
        description="Look at all that a deployment of a stage needs; change nothing. Ends with 0 when "
        "all is well, 1 when something is to mend, 3 when something could not be found out.",
    )
    parser.add_argument("--stage", required=True, help="dev, staging or prod, by its file")
    parser.add_argument(
        "--publish",
        action="store_true",
        help="also send QStash a message as the stage does, and call it back",
    )
    parser.add_argument("--sms", action="store_true", help="the shop sends texts: look at SNS, too")
    parser.add_argument(
        "--allow-unknown",
        action="store_true",
        help="end with 0 although something could not be found out",
    )
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    file, settings = stage_of_file(options.stage)
    preflight = Preflight(
        file,
        settings,
        botocore_clients.in_region(file.region),
        clients.http_pool(),
        publish=options.publish,
        sms=options.sms,
    )
    findings = preflight.findings()
    print(finding.shown(findings))
    return finding.status(findings, allow_unknown=options.allow_unknown)
