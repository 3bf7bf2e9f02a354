"""Templates of all stages, synthesized once each and shared by every test of this folder."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
import pytest_socket
from aws_cdk import App

from infra.app import build, project_context
from infra.settings import stage_settings
from tests.infra.assembly import Assembly

STAGES = ("local", "dev", "staging", "prod")


@pytest.fixture(autouse=True)
def _no_sockets() -> Iterator[None]:
    """Synthesis and its checks talk to nobody."""
    pytest_socket.disable_socket(allow_unix_socket=True)
    yield
    pytest_socket.enable_socket()


@pytest.fixture(autouse=True)
def _no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def synthesize(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Assembly]:
    """Synthesizes a stage with overrides; the same wish is granted once."""

    @cache
    def synthesized(stage: str, **overrides: str) -> Assembly:
        outdir = tmp_path_factory.mktemp(f"cdk-{stage}")
        app = App(context=project_context(), outdir=str(outdir))
        build(app, stage_settings(stage, overrides))
        app.synth()
        return Assembly.read(stage, Path(outdir))

    return synthesized


@pytest.fixture(scope="session", params=STAGES)
def assembly(request: pytest.FixtureRequest, synthesize: Callable[..., Assembly]) -> Assembly:
    """Each stage in turn."""
    return synthesize(request.param)


@pytest.fixture(scope="session")
def prod(synthesize: Callable[..., Assembly]) -> Assembly:
    """The stage where it matters."""
    return synthesize("prod")
