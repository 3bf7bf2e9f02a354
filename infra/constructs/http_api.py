"""The public door: one HTTP API with named routes only, each with its own limit."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import CfnOutput, Duration, RemovalPolicy
from aws_cdk import aws_apigatewayv2 as apigw
from aws_cdk import aws_apigatewayv2_authorizers as authorizers
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_logs as logs
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from infra.constructs.topic_function import RETENTION, TopicFunction
from infra.nag import acknowledge
from infra.settings import StageSettings, Throttle
from shared.contracts.topics import Topic
from shared.kernel.settings import ReceiverSettings

# What an operator needs to see of a request, and nothing that says who made it: no address of the
# caller, no path (it holds an order id), no user agent.
ACCESS_LOG_FIELDS = {
    "requestId": "$context.requestId",
    "requestTime": "$context.requestTime",
    "routeKey": "$context.routeKey",
    "status": "$context.status",
    "responseLength": "$context.responseLength",
    "responseLatency": "$context.responseLatency",
    "integrationLatency": "$context.integrationLatency",
    "integrationError": "$context.integrationErrorMessage",
    "gatewayError": "$context.error.responseType",
}


CHECKOUT = "/api/checkout"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One route: who answers it, how often, whether it is the storefront's, and whether the shop's
    own server calls it."""

    method: apigw.HttpMethod
    path: str
    function: str
    throttle: Throttle
    storefront: bool = False
    signed: bool = False

    @property
    def key(self) -> str:
        """The name API Gateway knows it by."""
        return f"{self.method.value} {self.path}"


def routes(stage: StageSettings) -> tuple[Route, ...]:
    """Every route there is. Only a shopper who signed in changes an order: an authorizer stands
    before those routes."""
    post, get = apigw.HttpMethod.POST, apigw.HttpMethod.GET
    storefront = [
        (post, CHECKOUT, stage.checkout_throttle),
        (get, "/api/checkout/{orderId}", stage.status_throttle),
    ]
    if stage.storefront_auth == "jwt":
        storefront += [
            (post, "/api/checkout/{orderId}/cancel", stage.checkout_throttle),
            (post, "/api/checkout/{orderId}/contact", stage.checkout_throttle),
        ]
    webhook = stage.webhook_throttle
    return (
        *(
            Route(
                method=method,
                path=path,
                function="checkout",
                throttle=limit,
                storefront=True,
                signed=path == CHECKOUT and stage.checkout_trust == "signed",
            )
            for method, path, limit in storefront
        ),
        *(
            Route(method=post, path=f"/api/webhooks/{topic}", function=topic, throttle=webhook)
            for topic in Topic
        ),
        Route(
            method=post,
            path=f"/api/webhooks/{Topic.ANALYTICS}/failures",
            function=Topic.ANALYTICS,
            throttle=webhook,
        ),
    )


def access_log_group(stage: StageSettings) -> str:
    """The log group of the API's requests."""
    return f"/aws/vendedlogs/order-pipeline/{stage.stage}/api-access"


class HttpApi(Construct):
    """The API, its one stage and its routes."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: StageSettings,
        functions: Mapping[str, TopicFunction],
    ) -> None:
        super().__init__(scope, construct_id)
        self.api = apigw.HttpApi(
            self,
            "Api",
            api_name=f"order-pipeline-{stage.stage}",
            create_default_stage=False,
            cors_preflight=_cors(stage),
        )
        answers = {
            name: integrations.HttpLambdaIntegration(f"{name}-integration", function.live)
            for name, function in functions.items()
        }
        lock = _authorizer(stage)
        table = routes(stage)
        created = [
            self._route(
                route,
                answers[route.function],
                # The shop's server has no shopper's token: its signature is the lock.
                lock if route.storefront and not route.signed else None,
            )
            for route in table
        ]
        self._open(stage, table, created)
        self._publish_address(stage, functions)

    def _publish_address(
        self, stage: StageSettings, functions: Mapping[str, TopicFunction]
    ) -> None:
        """Where every function finds the API's address at run time: producers publish to it.

        The routes need the functions, but the API itself and its address need none of them. So the
        address comes first, and no function that wants it ever starts without it.
        """
        url = self.api.api_endpoint
        if stage.api_gateway_url:
            url = f"{stage.api_gateway_url.rstrip('/')}/{self.api.api_id}"
        address = ssm.StringParameter(
            self,
            "Address",
            parameter_name=f"{stage.config_prefix}/urls/api",
            description="Below it lie the webhooks that producers publish to",
            string_value=url,
        )
        for function in functions.values():
            if issubclass(function.spec.settings, ReceiverSettings):
                function.function.node.add_dependency(address)
        CfnOutput(self, "ApiUrl", value=url).override_logical_id("ApiUrl")

    def _route(
        self,
        route: Route,
        answer: integrations.HttpLambdaIntegration,
        lock: authorizers.HttpJwtAuthorizer | None,
    ) -> apigw.HttpRoute:
        created = apigw.HttpRoute(
            self,
            f"{route.method.value.title()}{route.path}",
            http_api=self.api,
            route_key=apigw.HttpRouteKey.with_(route.path, route.method),
            integration=answer,
            authorizer=lock,
        )
        if lock is None:
            reason = (
                "the shop's server cannot use an AWS authorizer: its signature over the raw body is"
                " the lock"
                if route.signed
                else "an open checkout takes every caller; the cart is checked against the catalogue"
                if route.storefront
                else "QStash cannot use an AWS authorizer: its signature over the raw body is the lock"
            )
            acknowledge(created, "AwsSolutions-APIG4", reason)
        return created

    def _open(
        self, stage: StageSettings, table: tuple[Route, ...], created: list[apigw.HttpRoute]
    ) -> None:
        log_group = logs.LogGroup(
            self,
            "AccessLog",
            # Under this prefix AWS may deliver without another entry in a policy of limited size.
            log_group_name=access_log_group(stage),
            retention=RETENTION[stage.log_retention_days],
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
            if stage.retain_data
            else RemovalPolicy.DESTROY,
        )
        opened = apigw.CfnStage(
            self,
            "Stage",
            api_id=self.api.api_id,
            stage_name="$default",
            auto_deploy=True,
            access_log_settings=apigw.CfnStage.AccessLogSettingsProperty(
                destination_arn=log_group.log_group_arn, format=json.dumps(ACCESS_LOG_FIELDS)
            ),
            default_route_settings=_limits(stage.default_throttle),
            route_settings={
                route.key: {
                    "ThrottlingRateLimit": route.throttle.rate,
                    "ThrottlingBurstLimit": route.throttle.burst,
                }
                for route in table
            },
        )
        # Limits name routes, and API Gateway refuses those that do not exist yet.
        for route in created:
            opened.node.add_dependency(route)


def _limits(throttle: Throttle) -> apigw.CfnStage.RouteSettingsProperty:
    return apigw.CfnStage.RouteSettingsProperty(
        throttling_rate_limit=throttle.rate, throttling_burst_limit=throttle.burst
    )


def _cors(stage: StageSettings) -> apigw.CorsPreflightOptions:
    """Named origins and no credentials: a page elsewhere cannot make a shopper's browser order."""
    return apigw.CorsPreflightOptions(
        allow_origins=list(stage.cors_origins),
        allow_methods=[apigw.CorsHttpMethod.GET, apigw.CorsHttpMethod.POST],
        allow_headers=[
            "content-type",
            "x-correlation-id",
            # A page that traces its requests sends these with every one of them (W3C).
            *("traceparent", "tracestate", "baggage"),
            *(["authorization"] if stage.storefront_auth == "jwt" else []),
        ],
        expose_headers=["location", "retry-after"],
        allow_credentials=False,
        max_age=Duration.hours(1),
    )


def _authorizer(stage: StageSettings) -> authorizers.HttpJwtAuthorizer | None:
    if stage.storefront_auth == "none":
        return None
    return authorizers.HttpJwtAuthorizer(
        "Storefront", stage.jwt_issuer, jwt_audience=list(stage.jwt_audience)
    )
