"""Finds a deployed stage and opens the ports that operators work through.

On a laptop the running stack's description says where everything is. In an account the data
stack's outputs name the tables and SSM holds addresses and token: what an operator may do is what
their own AWS permissions allow.
"""

import argparse
import os
import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from ops.dead_letters.domain import OperatorError
from shared import strict_json
from shared.adapters import clients, runtime
from shared.adapters.dynamodb_tables import DynamoDBTables
from shared.adapters.qstash_publisher import PublisherOptions, QStashPublisher
from shared.clock import Clock, SystemClock
from shared.errors import DependencyError
from shared.ports import Publisher
from shared.schema import TABLES
from shared.settings import PublisherSettings

DEFAULT_STACK_FILE = Path(".local/stack.json")


@dataclass(frozen=True, slots=True)
class Connection:
    """A stage, opened.

    Args:
        table_names: logical to physical, for what the ports do not offer (the audit's reading).
        settings: addresses and token of the stage.
    """

    stage: str
    tables: DynamoDBTables
    table_names: Mapping[str, str]
    publisher: Publisher
    settings: PublisherSettings
    clock: Clock


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
    """
    if options.stage:
        return _opened(options.stage, _outputs(f"OrderPipelineData-{options.stage}"), {})
    stack = _stack(options.stack)
    aws = stack["aws"]
    # botocore reads its connection from the environment, here as in Lambda.
    os.environ.update(
        AWS_ENDPOINT_URL=aws["endpoint_url"],
        AWS_DEFAULT_REGION=aws["region"],
        AWS_REGION=aws["region"],
        AWS_ACCESS_KEY_ID=aws["access_key_id"],
        AWS_SECRET_ACCESS_KEY=aws["secret_access_key"],
    )
    return _opened(stack["stage"], stack["tables"], {"QSTASH_URL": stack["qstash"]["url"]})


def _stack(path: Path) -> dict[str, Any]:
    try:
        text = path.read_bytes()
    except OSError:
        raise OperatorError(
            f"--stack: there is no running stack at {path}; `make up` starts one, "
            "--stage names one in an account"
        ) from None
    values: dict[str, Any] = strict_json.loads(text, max_bytes=1_000_000)
    return values


def _outputs(stack: str) -> dict[str, str]:
    try:
        found = clients.aws("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    except ClientError as error:
        code = error.response["Error"]["Code"]
        raise OperatorError(f"--stage: AWS does not show the stack {stack} ({code})") from error
    except BotoCoreError as error:
        raise DependencyError(f"AWS: {type(error).__name__}") from error
    outputs = {entry["OutputKey"]: entry["OutputValue"] for entry in found.get("Outputs", [])}
    return {
        name: outputs[output]
        for name in TABLES
        if (output := f"Table{name.title().replace('_', '')}") in outputs
    }


def _opened(stage: str, names: Mapping[str, str], environ: Mapping[str, str]) -> Connection:
    if missing := sorted(TABLES.keys() - names.keys()):
        raise OperatorError(f"stage {stage}: its tables are not known: {', '.join(missing)}")
    settings = PublisherSettings.load(
        {**environ, "STAGE": stage, "CONFIG_PREFIX": f"/order-pipeline/{stage}"},
        runtime.parameter_reader(),
    )
    clock = SystemClock()
    options = PublisherOptions(
        url=settings.qstash_url,
        token=settings.qstash_token.get_secret_value(),
        destinations=settings.destinations(),
        failure_callback=settings.failure_callback(),
        label=f"order-pipeline-{stage}",
    )
    return Connection(
        stage=stage,
        tables=DynamoDBTables(clients.aws("dynamodb"), names),
        table_names=names,
        publisher=QStashPublisher(clients.http_pool(), options, clock, jitter=random.random),
        settings=settings,
        clock=clock,
    )
