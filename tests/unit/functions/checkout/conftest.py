"""Whatever the public API answers in these tests, its document allows."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.contracts.api_document import check
from tests.pipeline import Pipeline


@pytest.fixture(autouse=True)
def _answers_are_documented(monkeypatch: pytest.MonkeyPatch) -> None:
    build = Pipeline._api

    def watched(self: Pipeline) -> Any:
        api = build(self)

        def answer(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
            given = api(event, context)
            check(event, given)
            return given

        return answer

    monkeypatch.setattr(Pipeline, "_api", watched)
