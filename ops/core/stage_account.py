"""A stage by its file, and whether the credentials are for its account: what is looked at and
written before anything is deployed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from infra.settings import StageError, StageSettings
from infra.stage_file import FOLDER, LOCAL, KnownStage, missing, read
from ops.core.errors import OperatorError
from ops.core.identity import caller_of


def stage_of_file(name: str, folder: Path = FOLDER) -> tuple[KnownStage, StageSettings]:
    """A stage and its settings.

    Raises:
        OperatorError: there is no file, or it breaks a rule; names file, field and rule.
    """
    if name == LOCAL:
        raise OperatorError(
            "local: needs no preparation; `make up` makes its secrets and deploys it"
        )
    try:
        file = read(name, folder)
        settings = None if file is None else file.settings()
    except StageError as error:
        raise OperatorError(str(error)) from None
    if file is None or settings is None:
        raise OperatorError(missing(name, folder, {}))
    return file, settings


def caller_in(file: KnownStage, sts: Callable[[], Any], region: str | None) -> str:
    """Whom AWS names, in the stage's own account and region.

    Args:
        sts: makes a client of STS.
        region: what the credentials' clients talk to.

    Raises:
        OperatorError: AWS does not say, or it is another account or region than the file's.
    """
    arn = caller_of(sts)()
    try:
        file.check_place(arn.split(":")[4], region)
    except StageError as error:
        raise OperatorError(f"nothing was changed: {error}") from None
    return arn
