"""The public API: which routes there are, how often, for whom, and what is written down."""

import json
from collections.abc import Callable

import pytest

from infra.assets.staging import ROOT
from shared.contracts.topics import Topic
from tests.infra.assembly import Assembly, Resource

STOREFRONT = {"POST /api/checkout", "GET /api/checkout/{orderId}"}
CANCEL = "POST /api/checkout/{orderId}/cancel"
CORRECT = "POST /api/checkout/{orderId}/contact"
WEBHOOKS = {f"POST /api/webhooks/{topic.value}" for topic in Topic} | {
    "POST /api/webhooks/analytics/failures"
}


def only(assembly: Assembly, kind: str) -> Resource:
    """The one resource of a kind."""
    (resource,) = assembly.resources(kind)
    return resource


def route_keys(assembly: Assembly) -> dict[str, Resource]:
    """The routes by their key."""
    return {
        route.properties["RouteKey"]: route
        for route in assembly.resources("AWS::ApiGatewayV2::Route")
    }


def test_there_are_these_routes_and_no_catch_all(assembly: Assembly):
    """What is not named here does not exist."""
    assert set(route_keys(assembly)) == STOREFRONT | WEBHOOKS


def test_each_route_leads_to_the_function_of_its_name(assembly: Assembly):
    """A webhook at the wrong function fails its signature; a checkout would fail its shopper."""
    integrations = {
        assembly.text({"Ref": i.logical_id}): assembly.text(i.properties["IntegrationUri"])
        for i in assembly.resources("AWS::ApiGatewayV2::Integration")
    }

    for key, route in route_keys(assembly).items():
        target = assembly.text(route.properties["Target"]).removeprefix("integrations/")
        name = "checkout" if key in STOREFRONT else key.split("/")[3]
        assert f"<{name.capitalize()}Live>" in integrations[target]


def published_address(assembly: Assembly) -> Resource:
    """The parameter by which functions find the API."""
    (found,) = [
        parameter
        for parameter in assembly.resources("AWS::SSM::Parameter")
        if parameter.properties["Name"].endswith("/urls/api")
    ]
    return found


def test_the_api_s_own_address_is_published_to_the_functions(assembly: Assembly):
    """Producers publish to it, and a delivery is refused unless it names an address we know."""
    value = published_address(assembly).properties["Value"]

    assert assembly.text(value) == "<IngressApi.ApiEndpoint>"
    assert assembly.outputs("Pipeline")["ApiUrl"] == value


def test_under_an_emulator_the_api_s_address_is_the_one_that_answers(
    synthesize: Callable[..., Assembly],
):
    """No name server knows the host that the emulator invents."""
    emulated = synthesize("local", api_gateway_url="http://127.0.0.1:4566/_aws/execute-api")

    value = published_address(emulated).properties["Value"]

    assert emulated.text(value) == "http://127.0.0.1:4566/_aws/execute-api/<IngressApi>"
    assert emulated.outputs("Pipeline")["ApiUrl"] == value


def test_no_function_that_reads_the_address_starts_before_it_is_there(assembly: Assembly):
    """Neither at the first deployment nor while an older stage is brought up to date."""
    address = published_address(assembly).logical_id

    waiting = {
        name
        for name, function in assembly.functions().items()
        if address in function.whole.get("DependsOn", [])
    }
    assert waiting == {topic.value for topic in Topic} | {"reconciler"}


def test_every_route_has_its_own_limit_far_below_the_account_s(assembly: Assembly):
    """S21: 10,000 a second are shared by everything in the account and region."""
    stage = only(assembly, "AWS::ApiGatewayV2::Stage").properties

    limits = stage["RouteSettings"]
    assert set(limits) == set(route_keys(assembly))
    for limit in (*limits.values(), stage["DefaultRouteSettings"]):
        assert 0 < limit["ThrottlingRateLimit"] <= 1000
        assert 0 < limit["ThrottlingBurstLimit"] <= 1000


def test_limits_come_after_the_routes_they_name(assembly: Assembly):
    """API Gateway refuses a limit for a route that does not exist yet."""
    stage = only(assembly, "AWS::ApiGatewayV2::Stage")

    routes = {route.logical_id for route in route_keys(assembly).values()}
    assert routes <= set(stage.whole["DependsOn"])


# What a storefront sends, and what a browser that traces its requests adds by itself (W3C).
SENT = {"content-type", "x-correlation-id", "traceparent", "tracestate", "baggage"}


def test_cors_names_its_origins(assembly: Assembly):
    """S30: no wildcard, no credentials, and nothing but what the storefront sends."""
    cors = only(assembly, "AWS::ApiGatewayV2::Api").properties["CorsConfiguration"]

    assert cors["AllowOrigins"]
    assert all("*" not in origin and "://" in origin for origin in cors["AllowOrigins"])
    assert cors["AllowCredentials"] is False
    assert set(cors["AllowMethods"]) == {"GET", "POST"}
    assert set(cors["AllowHeaders"]) == SENT
    assert set(cors["ExposeHeaders"]) == {"location", "retry-after"}


def test_the_access_log_says_what_happened_and_not_to_whom(assembly: Assembly):
    """No address, no user agent, no path: a path holds an order id."""
    settings = only(assembly, "AWS::ApiGatewayV2::Stage").properties["AccessLogSettings"]

    written = set(json.loads(settings["Format"]).values())
    assert "$context.status" in written
    personal = ("identity", "sourceIp", "userAgent", "path", "authorizer", "query")
    assert not [field for field in written if any(word in field for word in personal)]


def test_without_an_issuer_the_storefront_is_open(assembly: Assembly):
    """Shops sell to strangers, and the function knows that nobody vouches for them."""
    kinds = {route.properties["AuthorizationType"] for route in route_keys(assembly).values()}

    assert kinds == {"NONE"}
    assert assembly.environment("checkout")["STOREFRONT_AUTH"] == "none"


@pytest.fixture(scope="module")
def signed_in(synthesize: Callable[..., Assembly]) -> Assembly:
    """A stage whose shoppers sign in."""
    return synthesize(
        "prod",
        jwt_issuer="https://login.shop.test",
        jwt_audience="web, app",
        checkout_trust="open",
    )


def test_a_signed_route_has_no_authorizer_and_the_others_keep_theirs(
    synthesize: Callable[..., Assembly],
):
    """The shop's server brings no shopper's token: the function checks its signature (S36)."""
    signed = synthesize("prod", jwt_issuer="https://login.shop.test", jwt_audience="web, app")
    kinds = {
        key: route.properties["AuthorizationType"] for key, route in route_keys(signed).items()
    }

    assert kinds["POST /api/checkout"] == "NONE"
    assert {key for key, kind in kinds.items() if kind == "JWT"} == (
        STOREFRONT | {CANCEL, CORRECT}
    ) - {"POST /api/checkout"}
    assert signed.environment("checkout")["CHECKOUT_TRUST"] == "signed"


@pytest.mark.parametrize(
    ("stage", "trust"),
    [("local", "open"), ("dev", "signed"), ("staging", "signed"), ("prod", "signed")],
)
def test_only_the_local_stage_is_open_without_saying_so(
    synthesize: Callable[..., Assembly], stage: str, trust: str
):
    assert synthesize(stage).environment("checkout")["CHECKOUT_TRUST"] == trust


def test_an_issuer_locks_the_storefront_and_leaves_webhooks_to_their_signature(
    signed_in: Assembly,
):
    """QStash could not bring a shopper's token."""
    kinds = {
        key: route.properties["AuthorizationType"] for key, route in route_keys(signed_in).items()
    }
    authorizer = only(signed_in, "AWS::ApiGatewayV2::Authorizer").properties
    assert {key for key, kind in kinds.items() if kind == "JWT"} == STOREFRONT | {CANCEL, CORRECT}
    assert {key for key, kind in kinds.items() if kind == "NONE"} == WEBHOOKS
    assert authorizer["IdentitySource"] == ["$request.header.Authorization"]
    assert authorizer["JwtConfiguration"] == {
        "Issuer": "https://login.shop.test",
        "Audience": ["web", "app"],
    }


def test_every_locked_route_asks_the_one_authorizer(signed_in: Assembly):
    """A route that is locked by name only would let nobody in, or everybody."""
    (authorizer,) = signed_in.resources("AWS::ApiGatewayV2::Authorizer")
    routes = route_keys(signed_in)

    for key in STOREFRONT | {CANCEL, CORRECT}:
        assert routes[key].properties["AuthorizerId"] == {"Ref": authorizer.logical_id}


def test_the_function_is_told_that_shoppers_sign_in(signed_in: Assembly):
    """It takes nobody for a stranger then."""
    assert signed_in.environment("checkout")["STOREFRONT_AUTH"] == "jwt"


@pytest.mark.parametrize("route", [CANCEL, CORRECT])
def test_only_who_signed_in_can_change_an_order(
    signed_in: Assembly, assembly: Assembly, route: str
):
    """Without an authorizer the route does not exist at all; with one it has its limit too."""
    assert route in route_keys(signed_in)
    assert route in only(signed_in, "AWS::ApiGatewayV2::Stage").properties["RouteSettings"]
    assert route not in route_keys(assembly)


def test_the_api_s_document_names_exactly_these_routes(signed_in: Assembly):
    """What is documented is deployed, and the other way round."""
    document = json.loads((ROOT / "docs" / "openapi.json").read_text(encoding="utf-8"))

    documented = {
        f"{method.upper()} {path}" for path, ways in document["paths"].items() for method in ways
    }
    assert documented == set(route_keys(signed_in)) - WEBHOOKS


def test_a_page_may_send_the_token_where_there_is_one_to_send(signed_in: Assembly):
    """A browser asks before it sends any other header."""
    cors = only(signed_in, "AWS::ApiGatewayV2::Api").properties["CorsConfiguration"]

    assert set(cors["AllowHeaders"]) == {*SENT, "authorization"}


def test_signing_in_gives_the_function_no_further_right(signed_in: Assembly, prod: Assembly):
    """Who asks is checked against what is read anyway."""
    assert signed_in.permissions("checkout") == prod.permissions("checkout")


def test_only_the_api_function_urls_and_one_topic_may_call_a_function(assembly: Assembly):
    """Each permission names who may call, each API permission one route."""
    for permission in assembly.resources("AWS::Lambda::Permission"):
        properties = permission.properties
        if properties["Principal"] == "sns.amazonaws.com":
            assert assembly.text(properties["SourceArn"]) == "<MailEventsTopic>"
        elif properties["Principal"] == "*":
            assert properties.get("FunctionUrlAuthType") == "NONE" or (
                properties.get("InvokedViaFunctionUrl") is True
            )
        else:
            assert properties["Principal"] == "apigateway.amazonaws.com"
            assert "/api/" in assembly.text(properties["SourceArn"])
