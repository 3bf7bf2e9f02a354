"""Reading synthesized templates: resources by type, and references as readable text."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

_HASH = re.compile(r"[0-9A-F]{8}$")
STACKS = ("Data", "Pipeline", "Observability")


@dataclass(frozen=True)
class Resource:
    """One resource of a template."""

    logical_id: str
    kind: str
    properties: dict[str, Any]
    whole: dict[str, Any]


@dataclass(frozen=True)
class Assembly:
    """What one stage synthesizes to."""

    stage: str
    folder: Path
    templates: dict[str, dict[str, Any]]

    @classmethod
    def read(cls, stage: str, folder: Path) -> "Assembly":
        """From the folder that CDK wrote."""
        return cls(
            stage,
            folder,
            {
                name: json.loads(
                    (folder / f"OrderPipeline{name}-{stage}.template.json").read_text()
                )
                for name in STACKS
            },
        )

    def template_files(self) -> list[Path]:
        """The templates as files."""
        return sorted(self.folder.glob("*.template.json"))

    def resources(self, kind: str | None = None, stack: str | None = None) -> Iterator[Resource]:
        """All resources, of one kind and of one stack if so asked."""
        for name, template in self.templates.items():
            if stack in (None, name):
                for logical_id, whole in template["Resources"].items():
                    if kind in (None, whole["Type"]):
                        yield Resource(
                            logical_id, whole["Type"], whole.get("Properties", {}), whole
                        )

    def outputs(self, stack: str) -> dict[str, Any]:
        """The outputs of a stack for people and tools; those for other stacks left out."""
        return {
            name: output["Value"]
            for name, output in self.templates[stack].get("Outputs", {}).items()
            if "Export" not in output
        }

    @cached_property
    def exports(self) -> dict[str, Any]:
        """What stacks offer each other."""
        return {
            output["Export"]["Name"]: output["Value"]
            for template in self.templates.values()
            for output in template.get("Outputs", {}).values()
            if "Export" in output
        }

    def text(self, value: Any) -> str:
        """A value with its references as `<Construct>` or `<Construct.Attribute>`."""
        match value:
            case str():
                return value
            case {"Ref": name}:
                return f"<{_HASH.sub('', name)}>"
            case {"Fn::GetAtt": [name, attribute]}:
                return f"<{_HASH.sub('', name)}.{attribute}>"
            case {"Fn::Join": [separator, parts]}:
                return str(separator).join(self.text(part) for part in parts)
            case {"Fn::ImportValue": name}:
                return self.text(self.exports[name])
        raise AssertionError(f"unexpected value {value!r}")

    def functions(self) -> dict[str, Resource]:
        """The Lambda functions by the last part of their name."""
        prefix = f"order-pipeline-{self.stage}-"
        return {
            function.properties["FunctionName"].removeprefix(prefix): function
            for function in self.resources("AWS::Lambda::Function")
        }

    def environment(self, name: str) -> dict[str, str]:
        """A function's environment."""
        variables = self.functions()[name].properties["Environment"]["Variables"]
        return {key: self.text(value) for key, value in variables.items()}

    def permissions(self, name: str) -> set[tuple[str, str]]:
        """Every action on every resource that a function's role allows."""
        role = self.text(self.functions()[name].properties["Role"]).removesuffix(".Arn>") + ">"
        return {
            (action, resource)
            for statement in self.statements()
            if role in statement["Roles"]
            for action in _several(statement["Action"])
            for resource in self._resources(statement)
        }

    def _resources(self, statement: dict[str, Any]) -> Iterator[str]:
        """What a statement names, or `not …` for what it leaves out."""
        if "NotResource" in statement:
            yield from (f"not {self.text(r)}" for r in _several(statement["NotResource"]))
        else:
            yield from (self.text(r) for r in _several(statement["Resource"]))

    def statements(self) -> Iterator[dict[str, Any]]:
        """Every statement of every identity policy, with the roles that it is attached to."""
        for policy in self.resources("AWS::IAM::Policy"):
            roles = [self.text(role) for role in policy.properties["Roles"]]
            for statement in policy.properties["PolicyDocument"]["Statement"]:
                yield statement | {"Roles": roles}


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
