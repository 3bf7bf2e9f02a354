"""A stage to deploy, on the real services."""

from collections.abc import Iterator

import pytest

from local.stack.qstash import Server
from tests.integration.ops.stage_to_deploy import StageToDeploy, behind_tls
from tests.services import Services


@pytest.fixture(scope="session")
def redis_over_tls(services: Services, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with behind_tls(services.redis_port, tmp_path_factory.mktemp("tls")) as url:
        yield url


@pytest.fixture(scope="session")
def preflight_qstash(services: Services) -> Iterator[Server]:
    """As large as a paid plan, which the other one is not."""
    with services.another_qstash("token-of-a-stage", parallelism=100) as server:
        yield server


@pytest.fixture
def to_deploy(services, preflight_qstash, redis_over_tls, tmp_path) -> Iterator[StageToDeploy]:
    stage = StageToDeploy(services, preflight_qstash, redis_over_tls, tmp_path)
    stage.prepare()
    yield stage
    stage.close()
