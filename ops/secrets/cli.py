"""``python -m ops secrets``: set, check and rotate the secrets of a stage, never showing one."""

import argparse
from collections.abc import Callable

from ops.core import finding
from ops.core.errors import OperatorError
from ops.core.qstash import QStashApi
from ops.core.redis_ping import ping
from ops.core.stage_account import caller_in, stage_of_file
from ops.secrets import rules
from ops.secrets.change import NEVER_ROTATED, SecretChanges
from ops.secrets.prompt import secret_from_user
from ops.secrets.shape import checks
from ops.secrets.store import SecretStore
from shared.kernel.clock import SystemClock
from shared.runtime import botocore_clients, clients

QSTASH_KEYS, CHECKOUT_KEY = "QSTASH_SIGNING_KEYS", "CHECKOUT_SIGNING_KEY"
ROTATED = (QSTASH_KEYS, CHECKOUT_KEY, rules.QSTASH_TOKEN, rules.REDIS_URL)


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The ``secrets`` command and its actions."""
    parser = commands.add_parser("secrets", help="the secrets of a stage; none is ever shown")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    looking = actions.add_parser("check", help="are they there, and of the right shape?")
    setting = actions.add_parser("set", help="store one, from standard input or a prompt")
    setting.add_argument("name", metavar="NAME", help=", ".join(rules.NAMES))
    how = setting.add_mutually_exclusive_group()
    how.add_argument("--generate", action="store_true", help="make it (ORDER_ID_KEY alone)")
    how.add_argument(
        "--encrypt-again", action="store_true", help="the same value, under the stage's KMS key"
    )
    rotating = actions.add_parser("rotate", help="replace one while functions run")
    rotating.add_argument("name", metavar="WHAT", help=", ".join(ROTATED))
    rotating.add_argument(
        "--finish", action="store_true", help=f"{CHECKOUT_KEY}: forget the old key"
    )
    for action in (looking, setting, rotating):
        action.add_argument("--stage", required=True, help="dev, staging or prod, by its file")
        action.set_defaults(run=run)
    for action in (setting, rotating):
        action.add_argument("--dry-run", action="store_true", help="say what would be done")


def run(options: argparse.Namespace) -> int:
    """Do what the options say; the exit status.

    Raises:
        OperatorError: it cannot be done; nothing was changed.
    """
    if options.action != "check":
        _refuse_words(options)
    file, settings = stage_of_file(options.stage)
    client = botocore_clients.in_region(file.region)
    ssm = client("ssm")
    store = SecretStore(ssm, settings.config_prefix, settings.secrets_key_arn)
    who = caller_in(file, lambda: client("sts"), ssm.meta.region_name)
    if options.action == "check":
        found = finding.found(checks(store, options.stage, settings.checkout_trust))
        print(finding.shown(found))
        return finding.status(found)
    changes = SecretChanges(store, SystemClock(), who, options.dry_run)
    act = set_one if options.action == "set" else rotate_one
    print(act(options, changes, settings.qstash_url, lambda: secret_from_user(options.name)))
    return 0


def set_one(
    options: argparse.Namespace, changes: SecretChanges, _url: str, ask: Callable[[], str]
) -> str:
    """Store one secret; what was done.

    Raises:
        OperatorError: it cannot be stored.
    """
    if options.generate:
        return changes.generate_order_id_key()
    if options.encrypt_again:
        return changes.encrypt_again(options.name)
    return changes.set(options.name, ask())


def rotate_one(
    options: argparse.Namespace, changes: SecretChanges, url: str, ask: Callable[[], str]
) -> str:
    """Replace one secret; what was done.

    Args:
        url: where QStash is.

    Raises:
        OperatorError: it cannot be replaced.
    """
    if options.name == QSTASH_KEYS:
        return changes.rotate_qstash_keys(QStashApi(clients.http_pool(), url, _token(changes)))
    if options.name == CHECKOUT_KEY:
        return (
            changes.finish_checkout_keys() if options.finish else changes.begin_checkout_keys(ask())
        )
    value = ask()
    if options.name == rules.QSTASH_TOKEN:
        # What breaks a rule goes into no header.
        rules.check(rules.QSTASH_TOKEN, value)
        return changes.rotate_token(value, QStashApi(clients.http_pool(), url, value))
    return changes.rotate_redis(value, ping)


def _refuse_words(options: argparse.Namespace) -> None:
    """Refuse what makes no sense before anything is asked or opened."""
    if options.action == "set":
        rules.known(options.name)
        if options.generate and options.name != rules.ORDER_ID_KEY:
            raise OperatorError(
                "--generate: others than ORDER_ID_KEY are given out by who uses them"
            )
        return
    if options.name == rules.ORDER_ID_KEY:
        raise OperatorError(NEVER_ROTATED)
    rules.known(options.name, ROTATED)
    if options.finish and options.name != CHECKOUT_KEY:
        raise OperatorError(f"--finish: is for {CHECKOUT_KEY} alone")


def _token(changes: SecretChanges) -> str:
    found = changes.store.read([rules.QSTASH_TOKEN]).get(rules.QSTASH_TOKEN)
    if found is None:
        raise OperatorError(f"{rules.QSTASH_TOKEN}: there is none; set it first")
    rules.check(rules.QSTASH_TOKEN, found.value)
    return found.value
