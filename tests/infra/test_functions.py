"""Each function's environment, limits, log and address."""

import pytest

from infra.environment import MissingSettingError, environment_of
from infra.functions import FUNCTIONS, FunctionSpec
from shared.adapters.qstash_flow_control import flow_value
from shared.contracts.topics import Topic
from shared.kernel.settings import NonEmpty, Settings, limits_of
from tests.infra.assembly import Assembly
from tests.signing import CHECKOUT_KEY

each_function = pytest.mark.parametrize("spec", FUNCTIONS, ids=lambda spec: spec.name)


# Half a minute for whatever somebody waits for; a run of the reconciler ends before the next one.
TIMEOUTS = {"reconciler": 50}


def test_every_topic_of_the_contract_has_its_function_and_two_functions_have_no_topic():
    """Names live once, in the contract."""
    topics = {spec.name: spec.topic for spec in FUNCTIONS}

    assert topics == {topic.value: topic for topic in Topic} | {
        "checkout": None,
        "reconciler": None,
    }


def test_a_stage_deploys_exactly_the_functions_of_the_table(assembly: Assembly):
    """No helper function slips in, from a custom resource for example."""
    assert set(assembly.functions()) == {spec.name for spec in FUNCTIONS}


@each_function
def test_the_environment_is_what_the_settings_class_declares(
    assembly: Assembly, spec: FunctionSpec
):
    """Nothing missing, nothing else: code and deployment cannot drift apart."""
    environment = assembly.environment(spec.name)

    declared = spec.settings.plain()
    required = {name for name, needed in declared.items() if needed} | set(spec.settings.tables())
    assert required <= set(environment)
    assert set(environment) <= declared.keys() | spec.settings.tables().keys()


@each_function
def test_the_settings_class_accepts_what_the_deployment_gives(
    assembly: Assembly, spec: FunctionSpec
):
    """The generated environment loads, with parameters read from the names it is permitted to read."""
    asked: list[str] = []

    def parameters(names: list[str]) -> dict[str, str]:
        asked.extend(names)
        return {name: _parameter(name) for name in names}

    settings = spec.settings.load(assembly.environment(spec.name), parameters)

    permitted = {
        resource.split(":parameter")[1]
        for action, resource in assembly.permissions(spec.name)
        if action == "ssm:GetParameters"
    }
    assert settings.stage == assembly.stage
    assert set(asked) == permitted


def _parameter(name: str) -> str:
    if "/CHECKOUT_" in name:
        return CHECKOUT_KEY
    if name.endswith("/REDIS_URL"):
        return "rediss://:secret@redis.upstash.io:6379"
    return "https://f.on.aws/with-at-least-thirty-two-characters"


@each_function
def test_the_tables_in_the_environment_are_the_tables_meant(assembly: Assembly, spec: FunctionSpec):
    """Swapped names would pass every check of presence."""
    environment = assembly.environment(spec.name)

    for variable, table in spec.settings.tables().items():
        meant = "".join(part.capitalize() for part in table.split("_"))
        assert environment[variable] == f"<Tables{meant}>"


@each_function
def test_limits_runtime_and_code_are_set(assembly: Assembly, spec: FunctionSpec):
    """A time limit, a reserved share of the account, the dotted handler, one layer."""
    properties = assembly.functions()[spec.name].properties

    assert properties["Timeout"] == TIMEOUTS.get(spec.name, 30)
    assert properties["MemorySize"] == 1024
    assert properties["ReservedConcurrentExecutions"] > 0
    assert properties["Runtime"] == "python3.13"
    assert properties["Handler"] == f"functions.{spec.name}.handler.lambda_handler"
    assert len(properties["Layers"]) == 1
    if assembly.stage != "local":
        assert properties["Architectures"] == ["arm64"]


def test_reserved_concurrency_leaves_most_of_an_ordinary_account_free(assembly: Assembly):
    """Other workloads of the account keep at least half of the default thousand."""
    reserved = [
        function.properties["ReservedConcurrentExecutions"]
        for function in assembly.functions().values()
    ]

    assert sum(reserved) <= 500


# Calls that QStash does not limit: failure callbacks, reports from SNS, producers without a key.
BESIDE = {"commands": 1, "orders": 1, "inventory": 1, "notifications": 2, "analytics": 2}


@pytest.mark.parametrize("topic", Topic)
def test_qstash_delivers_fewer_at_once_than_a_function_has_places(assembly: Assembly, topic: Topic):
    """A throttle is a failed delivery, and three of them are a dead letter."""
    places = assembly.functions()[topic.value].properties["ReservedConcurrentExecutions"]
    told = {assembly.environment(spec.name)["FLOW_CONTROL"] for spec in FUNCTIONS}

    assert len(told) == 1
    at_once = limits_of(told.pop())[topic.value]
    assert 1 <= at_once <= places - BESIDE[topic.value]
    # A function URL takes ten requests per second and place.
    assert f"rate={at_once * 10}," in flow_value(at_once)


def test_operators_read_the_limits_that_the_functions_have(assembly: Assembly):
    """What is sent again goes by the same key."""
    (parameter,) = [
        found.properties["Value"]
        for found in assembly.resources("AWS::SSM::Parameter")
        if found.properties["Name"].endswith("/flow-control")
    ]

    assert parameter == assembly.environment("commands")["FLOW_CONTROL"]


@each_function
def test_every_function_logs_to_a_group_of_its_own_that_forgets(
    assembly: Assembly, spec: FunctionSpec
):
    """Logs that are kept for ever are a cost and a liability."""
    properties = assembly.functions()[spec.name].properties
    group = assembly.text(properties["LoggingConfig"]["LogGroup"])

    groups = {
        assembly.text({"Ref": resource.logical_id}): resource.properties
        for resource in assembly.resources("AWS::Logs::LogGroup")
    }
    assert groups[group]["LogGroupName"] == f"/aws/lambda/{properties['FunctionName']}"
    assert groups[group]["RetentionInDays"] in (7, 14, 90)


def test_the_five_topics_have_open_urls_and_nothing_else_has(assembly: Assembly):
    """Checkout is reached through the API only, the reconciler by the clock only."""
    urls = {
        assembly.text(url.properties["TargetFunctionArn"]): url.properties
        for url in assembly.resources("AWS::Lambda::Url")
    }

    assert set(urls) == {f"<{topic.value.capitalize()}Function.Arn>" for topic in Topic}
    assert {url["AuthType"] for url in urls.values()} == {"NONE"}
    assert {url["Qualifier"] for url in urls.values()} == {"live"}


def test_each_url_is_published_under_its_own_topic(assembly: Assembly):
    """An address under the wrong name would send every order to the wrong function."""
    published = {
        parameter.properties["Name"]: assembly.text(parameter.properties["Value"])
        for parameter in assembly.resources("AWS::SSM::Parameter")
    }

    prefix = f"/order-pipeline/{assembly.stage}"
    below = f"{prefix}/urls"
    assert published.keys() == {
        f"{prefix}/flow-control",
        f"{below}/api",
        *(f"{below}/{topic.value}" for topic in Topic),
    }
    for topic in Topic:
        name = topic.value.capitalize()
        assert published[f"{below}/{topic.value}"] == f"<{name}LiveFunctionUrl.FunctionUrl>"


def test_tracing_is_what_the_stage_says(assembly: Assembly):
    """Paid for in production and its rehearsal only."""
    modes = {
        function.properties.get("TracingConfig", {}).get("Mode")
        for function in assembly.functions().values()
    }

    assert modes == ({"Active"} if assembly.stage in {"staging", "prod"} else {None})


def test_a_required_setting_without_a_value_fails_synthesis_by_name():
    """A function that cannot start must not be deployed."""

    class NeedsMore(Settings):
        """A settings class that asks for things nobody gives."""

        colour: NonEmpty
        shape: NonEmpty

    with pytest.raises(MissingSettingError, match="COLOUR, SHAPE"):
        environment_of(NeedsMore, values={"STAGE": "dev"}, table_names={})
