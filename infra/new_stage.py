"""`make stage NAME=prod`: writes `stages/prod.json` by asking; each answer by the file's own rules."""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError, create_model

from commandline.arguments import Parser
from commandline.entry import REFUSED, complain, start
from infra.settings import StageError, stage_settings
from infra.stage_file import (
    FACTS,
    FOLDER,
    LOCAL,
    SCHEMA,
    Facts,
    KnownStage,
    StageFile,
    checked,
    schema,
)

_LISTS = ("cors_origins", "jwt_audience", "viewers")
_PLACE = ("account", "region")
QUESTIONS = {
    "account": "AWS account (12 digits)",
    "region": "AWS region, such as eu-central-1",
    "sender_domain": "Domain that mails are sent from",
    "alert_address": "Mail address that hears of low stock",
    "alarm_email": "Mail address that hears of alarms",
    "cors_origins": "Addresses of the storefront, with commas (empty: the stage's own)",
    "checkout_trust": "Who answers for payments: signed (your server) or open",
    "storefront_auth": "Do shoppers sign in? jwt or none",
    "jwt_issuer": "Issuer of their tokens (https address)",
    "jwt_audience": "Audience of their tokens, with commas",
}
_MAY_BE_EMPTY = ("cors_origins",)
_WITH_JWT = ("jwt_issuer", "jwt_audience")

Ask = Callable[[str], str]


def value_of(name: str, text: str) -> Any:
    """An answer as the file has it.

    Raises:
        StageError: naming the field and the rule.
    """
    value: Any = text.strip()
    if name in _LISTS:
        value = [part.strip() for part in value.split(",") if part.strip()]
    model = StageFile if name in _PLACE else Facts
    field = model.model_fields[name]
    one = create_model("Answer", **{name: (field.annotation, field)})  # type: ignore[call-overload]
    try:
        known = one.model_validate({name: value})
    except ValidationError as error:
        rule = str(error.errors()[0]["msg"]).removeprefix("Value error, ")
        raise StageError(f"{name}: {rule}") from None
    return known.model_dump(mode="json")[name]


def asked(given: dict[str, Any], ask: Ask, tell: Callable[[str], None]) -> dict[str, Any]:
    """The answers, those that were given beforehand included; a wrong one is asked for again."""
    answers = dict(given)
    for name, question in QUESTIONS.items():
        known = name in answers or (name not in _PLACE and name not in FACTS)
        if known or (name in _WITH_JWT and answers.get("storefront_auth") != "jwt"):
            continue
        text = ask(f"{question}: ")
        while (problem := _problem(name, text)) is not None:
            tell(problem)
            text = ask(f"{question}: ")
        if text.strip(", "):
            answers[name] = value_of(name, text)
    return answers


def _problem(name: str, text: str) -> str | None:
    """What is wrong with an answer."""
    if not text.strip(", "):
        return None if name in _MAY_BE_EMPTY else f"{name}: must not be empty"
    try:
        value_of(name, text)
    except StageError as error:
        return str(error)
    return None


def written(stage: str, answers: dict[str, Any], folder: Path, *, force: bool) -> Path:
    """Write the file, and the schema beside it.

    Raises:
        StageError: the answers make no stage together, or there is a file already.
    """
    path = folder / f"{stage}.json"
    facts = {name: value for name, value in answers.items() if name not in _PLACE}
    places = {name: answers[name] for name in _PLACE if name in answers}
    values = {"$schema": f"./{SCHEMA}", **places, "facts": facts}
    KnownStage(stage, path, checked(values, path.name)).settings()
    folder.mkdir(exist_ok=True)
    try:
        with path.open("w" if force else "x", encoding="utf-8") as file:
            file.write(json.dumps(values, indent=2, ensure_ascii=False) + "\n")
    except FileExistsError:
        raise _there(path) from None
    (folder / SCHEMA).write_text(schema(), encoding="utf-8")
    return path


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = Parser(prog="make stage", description="Write a stage's file by asking.")
    parser.add_argument("stage", help="dev, staging or prod")
    parser.add_argument("--account", help="twelve digits")
    parser.add_argument("--region", help="such as eu-central-1")
    parser.add_argument(
        "--fact",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help=f"one of {', '.join(FACTS)}; repeatable",
    )
    parser.add_argument("--force", action="store_true", help="replace a file that is there")
    return parser.parse_args(arguments)


def _given(options: argparse.Namespace) -> dict[str, Any]:
    pairs = [(name, getattr(options, name)) for name in _PLACE if getattr(options, name)]
    for fact in options.fact:
        name, equals, text = fact.partition("=")
        if not equals or name not in FACTS:
            raise StageError(f"--fact {name}: must be NAME=VALUE with one of {', '.join(FACTS)}")
        pairs.append((name, text))
    return {name: value_of(name, text) for name, text in pairs}


def run(arguments: Sequence[str], *, ask: Ask | None, folder: Path = FOLDER) -> int:
    """One run; the exit status.

    Args:
        ask: shows a question and returns the answer; None without a terminal.
    """
    options = _options(arguments)
    try:
        path = _answered(options, ask, folder)
    except StageError as error:
        complain(f"stage: {error}")
        return REFUSED
    except EOFError:
        complain("stage: the answers ended; nothing was written")
        return REFUSED
    sys.stdout.write(f"wrote {path}\n")
    return 0


def _answered(options: argparse.Namespace, ask: Ask | None, folder: Path) -> Path:
    if options.stage == LOCAL:
        raise StageError("local: needs no file; `make up` deploys it")
    stage_settings(options.stage)
    answers = _given(options)
    path = folder / f"{options.stage}.json"
    if path.exists() and not options.force:
        raise _there(path)
    if ask is not None:
        answers = asked(answers, ask, complain)
    return written(options.stage, answers, folder, force=options.force)


def _there(path: Path) -> StageError:
    return StageError(f"{path}: is there already; edit it, or give --force")


def main(arguments: list[str]) -> int:
    """Ask on a terminal; take flags alone anywhere else."""
    if arguments == ["--schema"]:
        FOLDER.mkdir(exist_ok=True)
        (FOLDER / SCHEMA).write_text(schema(), encoding="utf-8")
        return 0
    return run(arguments, ask=input if sys.stdin.isatty() else None)


if __name__ == "__main__":
    start(main)
