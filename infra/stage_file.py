"""A stage's own file: which account and region it lives in, and the facts of who deploys it.

What is given on a command line is forgotten by the next deployment. A file that is checked in is
not: `stages/<stage>.json`, with `stages/stage.schema.json` beside it for editors.
"""

import json
from collections.abc import Mapping
from copy import copy
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, create_model
from pydantic_core import PydanticUndefined

from commandline import files
from commandline.text import harmless
from infra.assets.staging import ROOT
from infra.settings import OVERRIDES, StageError, StageSettings, stage_settings
from shared.kernel import strict_json
from shared.kernel.errors import PermanentError

FOLDER = ROOT / "stages"
SCHEMA = "stage.schema.json"
LOCAL = "local"
_OF_THE_EMULATOR = ("api_gateway_url",)
_MOST_BYTES = 100_000
# Nothing in a template may still be an example, and AWS's own examples are no accounts.
_EXAMPLE_ACCOUNTS = ("000000000000", "123456789012")
_STATED = ("sender_domain", "alert_address", "alarm_email", "storefront_auth")

Account = Annotated[str, StringConstraints(pattern="^[0-9]{12}$")]
Region = Annotated[str, StringConstraints(pattern="^[a-z]{2}(-[a-z]+)+-[0-9]{1,2}$")]
StorefrontAuth = Annotated[
    Literal["jwt", "none"],
    Field(description="whether shoppers sign in; jwt goes with jwt_issuer and jwt_audience"),
]


def _fields() -> dict[str, Any]:
    """Every fact that `StageSettings` has, by its own rules; a new one appears here by itself."""
    fields: dict[str, Any] = {"storefront_auth": (StorefrontAuth, ...)}
    for name in OVERRIDES:
        if name in _OF_THE_EMULATOR:
            continue
        field = copy(StageSettings.model_fields[name])
        if name in _STATED:
            field.default = PydanticUndefined
        elif field.is_required():
            field.default = None  # the stage's own value stays, and nothing stands for it here
        fields[name] = (field.annotation, field)
    return fields


_STRICT = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
Facts: type[BaseModel] = create_model("Facts", __config__=_STRICT, **_fields())
FACTS = tuple(Facts.model_fields)


class StageFile(BaseModel):
    """The file as it is written."""

    model_config = ConfigDict(**_STRICT, title="A stage of the order pipeline")

    schema_: str = Field(default=f"./{SCHEMA}", alias="$schema", description="for editors")
    account: Account = Field(description="the AWS account, twelve digits")
    region: Region = Field(description="the AWS region, such as eu-central-1")
    facts: Facts = Field(description="what only you know; no secrets, they stand in SSM")


class KnownStage:
    """A stage whose file was read; every complaint names it."""

    def __init__(self, stage: str, path: Path, content: StageFile) -> None:
        self._stage, self._name, self._content = stage, _shown(path), content
        self.account, self.region = content.account, content.region

    def settings(self) -> StageSettings:
        """The settings with the file's facts.

        Raises:
            StageError: naming every fact that is missing, or still an example.
        """
        given = self._content.facts.model_dump(exclude_unset=True)
        stated = given.pop("storefront_auth")
        try:
            settings = stage_settings(self._stage, given)
        except StageError as error:
            raise StageError(f"{self._name}: facts: {error}") from None
        problems = [
            f"facts.{name}: is still an example that belongs to no shop"
            for name in settings.placeholders()
        ]
        if self.account in _EXAMPLE_ACCOUNTS:
            problems.append("account: is an example, and not yours")
        if not settings.alarm_email:
            problems.append("facts.alarm_email: must say who hears of alarms")
        problems += [
            f"facts.{name}: must not be empty" for name in _STATED[:2] if not given.get(name)
        ]
        if settings.storefront_auth != stated:
            rule = "needs jwt_issuer and jwt_audience" if stated == "jwt" else "has no jwt_issuer"
            problems.append(f"facts.storefront_auth: {stated} {rule}")
        if problems:
            raise StageError(f"{self._name}: {'; '.join(problems)}")
        return settings

    def refuse_context(self, given: Mapping[str, str]) -> None:
        """A fact on the command line would hold until the next deployment forgets it.

        Raises:
            StageError: naming the facts.
        """
        if given:
            names = ", ".join(f"facts.{name}" for name in given)
            raise StageError(
                f"{self._name}: {names}: facts of this stage stand in its file; put the value there "
                "instead of -c, because the next deployment would forget it"
            )

    def check_place(self, account: str | None, region: str | None) -> None:
        """Whether the credentials, if there are any, are for this stage's account and region.

        Raises:
            StageError: naming both.
        """
        for name, wanted, found in (
            ("account", self.account, account),
            ("region", self.region, region),
        ):
            if found and found != wanted:
                raise StageError(
                    f"{self._name}: {name}: is {wanted}, but your credentials are for {found}"
                )


def read(stage: str, folder: Path = FOLDER) -> KnownStage | None:
    """A stage's file, None if there is none.

    Raises:
        StageError: naming the file, and every field and rule that is broken.
    """
    path = folder / f"{stage}.json"
    if not path.exists():
        return None
    try:
        values = strict_json.loads(files.read(path, most=_MOST_BYTES), max_bytes=_MOST_BYTES)
    except (files.FileError, PermanentError) as error:
        raise StageError(f"{_shown(path)}: {error}") from None
    return KnownStage(stage, path, checked(values, _shown(path)))


def checked(values: object, name: str) -> StageFile:
    """The content of a file by its rules.

    Raises:
        StageError: naming every field and rule that is broken; never with a value.
    """
    try:
        return StageFile.model_validate(values)
    except ValidationError as error:
        problems = (f"{_place(p)}: {_rule(p)}" for p in error.errors())
        raise StageError(f"{name}: {'; '.join(problems)}") from None


def missing(stage: str, folder: Path, given: Mapping[str, str]) -> str:
    """What to do about a stage without a file, given these facts on the command line."""
    said = (
        f"{_shown(folder / f'{stage}.json')}: there is no such file, and it must name the account"
    )
    facts = " ".join(f"--fact {name}=…" for name in given)
    moved = f' (your -c values go there: STAGE_ARGS="{facts}")' if given else ""
    return f"{said}: `make stage NAME={stage}` writes it{moved}"


def schema() -> str:
    """`stages/stage.schema.json`, as text."""
    generated = StageFile.model_json_schema(by_alias=True)
    return json.dumps(generated, indent=2, ensure_ascii=False) + "\n"


def _place(problem: Mapping[str, Any]) -> str:
    # A name that looks right may hold what a reader cannot see: it is spelled out.
    return harmless(".".join(map(str, problem["loc"]))) or "file"


def _rule(problem: Mapping[str, Any]) -> str:
    if problem["type"] == "extra_forbidden":
        return "is no field of a stage; secrets belong to SSM, not here"
    if problem["type"] == "missing":
        return "is required"
    return str(problem["msg"]).removeprefix("Value error, ")


def _shown(path: Path) -> str:
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)
