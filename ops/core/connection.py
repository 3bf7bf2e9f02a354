"""Finds a deployed stage and opens the ports that operators work through.

On a laptop the running stack's description says where everything is. In an account the data
stack's outputs name the tables, and SSM holds addresses and token, which are read when something is to be
published: what an operator may do is what
their own AWS permissions allow.
"""

import argparse
import os
import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from commandline import files
from commandline.files import FileError
from commandline.text import harmless
from ops.core.aws_errors import explained
from ops.core.errors import OperatorError
from ops.core.identity import Identify, caller_of
from ops.core.publishing import PublisherOnDemand, be_ready
from shared.adapters.dynamodb_tables import DynamoDBTables
from shared.adapters.parameters import ssm_reader
from shared.adapters.qstash_publisher import PublisherOptions, QStashPublisher
from shared.kernel import strict_json
from shared.kernel.clock import Clock, SystemClock
from shared.kernel.errors import DependencyError, InvalidInputError, PermanentError
from shared.kernel.settings import ParameterReader, PublisherSettings
from shared.messaging.ports import Publisher
from shared.runtime import botocore_clients, clients
from shared.storage.schema import TABLES

DEFAULT_STACK_FILE = Path(".local/stack.json")
_MOST_BYTES = 1_000_000
_OF_ACCOUNTS = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_ENDPOINT_URL",
)


_OF_AWS = ("endpoint_url", "region", "access_key_id", "secret_access_key")
_WANTED = (
    *(f"aws.{name}" for name in _OF_AWS),
    "stage",
    *(f"tables.{name}" for name in TABLES),
    "qstash.url",
)


@dataclass(frozen=True, slots=True)
class Connection:
    """A stage, opened.

    Args:
        table_names: logical to physical, for what the ports do not offer (the audit's reading).
        read_parameters: what else SSM holds of the stage, as far as this operator may read it.
        identify: asks AWS who the operator is, in an account; None on a laptop, whose user is known.
    """

    stage: str
    tables: DynamoDBTables
    table_names: Mapping[str, str]
    publisher: Publisher
    clock: Clock
    read_parameters: ParameterReader
    identify: Identify | None = None


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options that say which stage is meant."""
    parser.add_argument(
        "--stage",
        default="",
        help="a stage in the AWS account of your credentials; without it, the stack of this laptop",
    )
    parser.add_argument(
        "--stack",
        type=Path,
        default=DEFAULT_STACK_FILE,
        metavar="FILE",
        help=f"description of a running local stack (default: {DEFAULT_STACK_FILE})",
    )


def connect(options: argparse.Namespace) -> Connection:
    """Open the stage that the options mean.

    Raises:
        OperatorError: there is no such stage, or no local stack.
        ConfigurationError: the stage lacks parameters; names them.
        DependencyError: AWS did not answer.
        BotoCoreError: AWS cannot be asked: no credentials, no region, a profile that is not there.
    """
    try:
        return _in_account(options.stage) if options.stage else _on_laptop(options.stack)
    except BotoCoreError:
        raise  # some of them are ValueErrors, too
    except ValueError as error:  # how botocore refuses an address
        raise OperatorError(f"the connection to AWS makes no sense: {error}") from error


def _in_account(stage: str) -> Connection:
    opened = _opened(stage, _outputs(f"OrderPipelineData-{stage}"), {})
    return replace(opened, identify=caller_of(lambda: botocore_clients.plain("sts")))


def _on_laptop(path: Path) -> Connection:
    stack = _stack(path)
    try:
        described = _described(stack)
    except InvalidInputError as error:
        raise OperatorError(f"--stack: {harmless(path)} describes no stack ({error})") from None
    _surround({name: described[f"aws.{name}"] for name in _OF_AWS})
    tables = {name: described[f"tables.{name}"] for name in TABLES}
    try:
        opened = _opened(described["stage"], tables, {"QSTASH_URL": described["qstash.url"]})
        be_ready(opened.publisher)
    except DependencyError as error:
        raise OperatorError(
            f"the local stack cannot be used ({explained(error) or error}); "
            "`make status` tells what runs, `make up` starts it"
        ) from None
    return opened


def _surround(aws: Mapping[str, str]) -> None:
    # botocore reads its connection from the environment, here as in Lambda. What the environment
    # says about accounts must lead no command for this laptop astray, nor stop it.
    for name in [name for name in os.environ if name.startswith(_OF_ACCOUNTS)]:
        del os.environ[name]
    os.environ.update(
        AWS_ENDPOINT_URL=aws["endpoint_url"],
        AWS_DEFAULT_REGION=aws["region"],
        AWS_REGION=aws["region"],
        AWS_ACCESS_KEY_ID=aws["access_key_id"],
        AWS_SECRET_ACCESS_KEY=aws["secret_access_key"],
    )


def _described(stack: object) -> dict[str, str]:
    """Every text that a connection needs, by its path in the description.

    Raises:
        InvalidInputError: naming the first field of another shape, and the rule.
    """
    return {path: _text_at(stack, path) for path in _WANTED}


def _text_at(stack: object, path: str) -> str:
    found, walked = stack, ""
    for name in path.split("."):
        if not isinstance(found, dict):
            raise InvalidInputError(walked or "body", "must be an object")
        walked = f"{walked}.{name}".lstrip(".")
        if name not in found:
            raise InvalidInputError(walked, "is required")
        found = found[name]
    if not isinstance(found, str) or not found:
        raise InvalidInputError(path, "must be text")
    return found


def _stack(path: Path) -> object:
    try:
        text = files.read(path, most=_MOST_BYTES)
    except FileError as error:
        raise OperatorError(
            f"--stack: {error}; `make up` starts a stack, --stage names one in an account"
        ) from None
    try:
        values: object = strict_json.loads(text, max_bytes=_MOST_BYTES)
    except PermanentError as error:
        raise OperatorError(f"--stack: {harmless(path)} describes no stack ({error})") from None
    return values


def _outputs(stack: str) -> dict[str, str]:
    try:
        found = botocore_clients.plain("cloudformation").describe_stacks(StackName=stack)["Stacks"][
            0
        ]
    except ClientError as error:
        raise OperatorError(f"--stage: AWS does not show the stack {stack}") from error
    outputs = {entry["OutputKey"]: entry["OutputValue"] for entry in found.get("Outputs", [])}
    return {
        name: outputs[output]
        for name in TABLES
        if (output := f"Table{name.title().replace('_', '')}") in outputs
    }


def _opened(stage: str, names: Mapping[str, str], environ: Mapping[str, str]) -> Connection:
    if missing := sorted(TABLES.keys() - names.keys()):
        raise OperatorError(f"stage {stage}: its tables are not known: {', '.join(missing)}")
    prefix = f"/order-pipeline/{stage}"
    read_parameters = ssm_reader(lambda: botocore_clients.aws("ssm"))
    clock = SystemClock()
    given = {**environ, "STAGE": stage, "CONFIG_PREFIX": prefix}
    return Connection(
        stage=stage,
        tables=DynamoDBTables(botocore_clients.aws("dynamodb"), names),
        table_names=names,
        publisher=PublisherOnDemand(partial(_publisher, given, read_parameters, clock)),
        clock=clock,
        read_parameters=read_parameters,
    )


def _publisher(
    given: Mapping[str, str], read_parameters: ParameterReader, clock: Clock
) -> Publisher:
    # Functions have it in their environment; a stage that was deployed before has none.
    name = f"{given['CONFIG_PREFIX']}/flow-control"
    limits = read_parameters([name]).get(name, "")
    settings = PublisherSettings.load({**given, "FLOW_CONTROL": limits}, read_parameters)
    options = PublisherOptions(
        url=settings.qstash_url,
        token=settings.qstash_token.get_secret_value(),
        destinations=settings.destinations(),
        failure_callback=settings.failure_callback(),
        label=settings.label(),
        parallelism=settings.parallelism(),
    )
    return QStashPublisher(clients.http_pool(), options, clock, jitter=random.random)
