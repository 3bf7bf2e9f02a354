"""The application as a whole: outputs, secrets, findings, and a synthesis that needs nothing."""

import json
import os
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
from aws_cdk import App
from aws_cdk import aws_s3 as s3

from infra.app import build, main, project_context
from infra.assets.staging import ROOT
from infra.settings import stage_settings
from shared.contracts.topics import Topic
from shared.storage.schema import TABLES
from tests.infra.assembly import STACKS, Assembly
from tests.infra.conftest import STAGES

CANARY = "canary-7f3a9c-must-never-leave"


def run_app(outdir: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The application as a command, with secrets in its environment and no credentials."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(outdir),
        "CDK_OUTDIR": str(outdir),
        **dict.fromkeys(
            ("QSTASH_TOKEN", "QSTASH_CURRENT_SIGNING_KEY", "QSTASH_NEXT_SIGNING_KEY"), CANARY
        ),
        "REDIS_URL": f"rediss://default:{CANARY}@redis.test:6379",
    }
    command = [sys.executable, "-m", "infra.app", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def test_tools_and_people_find_everything_in_the_outputs(assembly: Assembly):
    """The names that the embedded stack and the runbook read."""
    tables = {"Table" + "".join(part.capitalize() for part in name.split("_")) for name in TABLES}
    urls = {f"{topic.value.capitalize()}Url" for topic in Topic}

    assert set(assembly.outputs("Data")) == tables
    assert set(assembly.outputs("Pipeline")) == urls | {"ApiUrl", "ConfigPrefix"}
    assert set(assembly.outputs("Observability")) == {"AlarmTopicArn", "ViewerPolicyArn"}
    assert assembly.outputs("Pipeline")["ConfigPrefix"] == f"/order-pipeline/{assembly.stage}"


def test_synthesis_is_repeatable_needs_no_credentials_and_leaks_no_secret(
    tmp_path: Path, synthesize
):
    """S25: another process, another home, secrets all around it: the same templates to the byte."""
    here: Assembly = synthesize("local")

    result = run_app(tmp_path, "-c", "stage=local")

    assert result.returncode == 0, result.stderr
    assert Assembly.read("local", tmp_path).templates == here.templates
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) > 100
    assert not [path for path in files if CANARY.encode() in path.read_bytes()]


def test_an_unknown_stage_ends_with_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Not with a traceback."""
    monkeypatch.setenv("CDK_OUTDIR", str(tmp_path))

    with pytest.raises(SystemExit) as ended:
        main(["-c", "stage=stagng"])

    assert ended.value.code == (
        "infra: unknown stage 'stagng': choose one of local, dev, staging, prod"
    )


def test_no_secret_is_created_or_read_by_a_template(assembly: Assembly):
    """Secrets are made by operators and read by functions; CloudFormation never sees one."""
    text = json.dumps(assembly.templates)

    assert "{{resolve:" not in text
    assert "SecureString" not in text
    names = {name for function in assembly.functions() for name in assembly.environment(function)}
    assert not [
        n for n in names if any(w in n for w in ("TOKEN", "SIGNING", "REDIS_URL", "SECRET"))
    ]


def test_findings_of_cdk_nag_stop_synthesis(tmp_path: Path):
    """That the stages synthesize at all is the proof that they have none; this proves the proof."""
    app = App(context=project_context(), outdir=str(tmp_path))
    stacks = build(app, stage_settings("dev"))
    s3.Bucket(stacks.data, "Careless")

    with pytest.raises(RuntimeError, match=r"ERROR.*\(AwsSolutions\)"):
        app.synth()


def test_cfn_lint_has_nothing_to_say(synthesize):
    """With the project's own configuration, on every template of every stage, locked ones too."""
    command = [sys.executable, "-c", "from cfnlint.runner import main; main()"]
    command += ["--config-file", str(ROOT / ".cfnlintrc"), "--"]
    locked = synthesize("prod", jwt_issuer="https://login.shop.test", jwt_audience="web, app")
    for assembly in (*map(synthesize, STAGES), locked):
        command += [str(path) for path in assembly.template_files()]

    result = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_stacks_depend_in_one_direction_only(assembly: Assembly):
    """Data knows nobody, the pipeline knows data, observability may know both."""
    owner = {
        output["Export"]["Name"]: stack
        for stack, template in assembly.templates.items()
        for output in template.get("Outputs", {}).values()
        if "Export" in output
    }
    uses = {
        stack: {owner[name] for name in _imports(assembly.templates[stack])} for stack in STACKS
    }

    assert uses["Data"] == set()
    assert uses["Pipeline"] == {"Data"}
    assert uses["Observability"] <= {"Data", "Pipeline"}


def test_a_circle_of_addresses_is_avoided(assembly: Assembly):
    """No function's environment holds another function's address: they are read at run time."""
    for name in assembly.functions():
        assert not [v for v in assembly.environment(name).values() if "Url" in v]


def test_no_resource_waits_for_itself(assembly: Assembly):
    """CloudFormation refuses a circle of references only once it is asked to deploy."""
    for template in assembly.templates.values():
        resources = template["Resources"]
        waits = {name: _references(whole) & resources.keys() for name, whole in resources.items()}

        assert set(TopologicalSorter(waits).static_order()) == resources.keys()


def _references(value: object) -> set[str]:
    """Every name that a resource refers to or depends on."""
    match value:
        case {"Ref": str(name)}:
            return {name}
        case {"Fn::GetAtt": [str(name), *_]}:
            return {name}
        case dict():
            waited_for = value.get("DependsOn", [])
            named = {waited_for} if isinstance(waited_for, str) else set(map(str, waited_for))
            return named.union(*(_references(part) for part in value.values()))
        case list():
            return set().union(*(_references(part) for part in value))
    return set()


def _imports(value: object) -> set[str]:
    if isinstance(value, dict):
        if set(value) == {"Fn::ImportValue"}:
            return {str(value["Fn::ImportValue"])}
        return set().union(*(_imports(part) for part in value.values()))
    if isinstance(value, list):
        return set().union(*(_imports(part) for part in value))
    return set()
