"""The public API: which routes there are, how often, for whom, and what is written down."""

import json

from shared.contracts.topics import Topic
from tests.infra.assembly import Assembly, Resource

STOREFRONT = {"POST /api/checkout", "GET /api/checkout/{orderId}"}
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


def test_cors_names_its_origins(assembly: Assembly):
    """S30: no wildcard, no credentials, and nothing but what the storefront sends."""
    cors = only(assembly, "AWS::ApiGatewayV2::Api").properties["CorsConfiguration"]

    assert cors["AllowOrigins"]
    assert all("*" not in origin and "://" in origin for origin in cors["AllowOrigins"])
    assert cors["AllowCredentials"] is False
    assert set(cors["AllowMethods"]) == {"GET", "POST"}
    assert cors["AllowHeaders"] == ["content-type"]


def test_checkout_knows_the_same_origins(assembly: Assembly):
    """The function refuses what the browser would not have asked."""
    cors = only(assembly, "AWS::ApiGatewayV2::Api").properties["CorsConfiguration"]

    assert assembly.environment("checkout")["ALLOWED_ORIGINS"].split(",") == cors["AllowOrigins"]


def test_the_access_log_says_what_happened_and_not_to_whom(assembly: Assembly):
    """No address, no user agent, no path: a path holds an order id."""
    settings = only(assembly, "AWS::ApiGatewayV2::Stage").properties["AccessLogSettings"]

    written = set(json.loads(settings["Format"]).values())
    assert "$context.status" in written
    personal = ("identity", "sourceIp", "userAgent", "path", "authorizer", "query")
    assert not [field for field in written if any(word in field for word in personal)]


def test_without_an_issuer_the_storefront_is_open(assembly: Assembly):
    """Shops sell to strangers."""
    kinds = {route.properties["AuthorizationType"] for route in route_keys(assembly).values()}

    assert kinds == {"NONE"}


def test_an_issuer_locks_the_storefront_and_leaves_webhooks_to_their_signature(synthesize):
    """QStash could not bring a shopper's token."""
    assembly = synthesize("prod", jwt_issuer="https://login.shop.test", jwt_audience="web, app")

    kinds = {
        key: route.properties["AuthorizationType"] for key, route in route_keys(assembly).items()
    }
    authorizer = only(assembly, "AWS::ApiGatewayV2::Authorizer").properties
    assert {key for key, kind in kinds.items() if kind == "JWT"} == STOREFRONT
    assert authorizer["JwtConfiguration"] == {
        "Issuer": "https://login.shop.test",
        "Audience": ["web", "app"],
    }


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
