"""Paths keep their literal form, placeholders match whole segments only."""

import pytest

from local.qstash.errors import BadRequestError, MethodNotAllowedError, NotFoundError
from local.qstash.http.routing import Request, Response, Route, Router, page
from local.qstash.syntax.headers import RequestHeaders


def answer(_request: Request) -> Response:
    return Response()


ROUTER = Router(
    [
        Route("POST", "/v2/publish/{*destination}", answer),
        Route("DELETE", "/v2/messages/{id}", answer),
        Route("DELETE", "/v2/messages", answer, exact=True),
        Route("GET", "/v2/messages", answer),
        Route("POST", "/v2/queues", answer),
        Route("POST", "/v2/queues/{name}/pause", answer),
    ]
)


@pytest.mark.parametrize(
    "destination", ["https://x/a//b/", "http://x", "group", "a%2Fb", "//x", "https://x/../y"]
)
def test_the_rest_of_a_path_stays_literal(destination):
    _, values = ROUTER.find("POST", f"/v2/publish/{destination}")

    assert values == {"destination": destination}


def test_a_segment_is_decoded():
    _, values = ROUTER.find("DELETE", "/v2/messages/a%20b")

    assert values == {"id": "a b"}


@pytest.mark.parametrize(
    "path", ["/v2/messages/", "/v2/messages/a/b", "/v2/message", "/", "", "//v2/messages"]
)
def test_an_empty_id_is_not_the_bulk_endpoint(path):
    with pytest.raises(NotFoundError):
        ROUTER.find("DELETE", path)


@pytest.mark.parametrize(
    ("path", "values"), [("/v2/queues/", {}), ("/v2/queues/q/pause/", {"name": "q"})]
)
def test_a_trailing_slash_is_as_good_as_none(path, values):
    assert ROUTER.find("POST", path)[1] == values


@pytest.mark.parametrize("path", ["/v2/queues//", "/v2//queues", "/v2/queues//pause"])
def test_two_slashes_are_not(path):
    with pytest.raises(NotFoundError):
        ROUTER.find("POST", path)


def test_a_known_path_with_another_method_is_405():
    with pytest.raises(MethodNotAllowedError):
        ROUTER.find("POST", "/v2/messages")


def request(query: str) -> Request:
    return Request("GET", "/", query, RequestHeaders([]), b"", "127.0.0.1")


def test_pages_name_the_position_after_which_more_follows():
    items = [(number, f"item {number}") for number in (9, 8, 7)]

    assert page(request("count=2"), items, limit=5) == (["item 9", "item 8"], 8)
    assert page(request("count=3"), items, limit=5) == (["item 9", "item 8", "item 7"], None)
    assert page(request(""), [], limit=5) == ([], None)


@pytest.mark.parametrize("query", ["count=0", "count=6", "count=x", "count="])
def test_a_page_size_out_of_range_is_refused(query):
    with pytest.raises(BadRequestError):
        page(request(query), [], limit=5)
