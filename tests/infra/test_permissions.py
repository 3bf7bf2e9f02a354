"""S24: what each role may do, to the letter. The table is written by hand, on purpose."""

from collections.abc import Sequence

import pytest

from infra.functions import FUNCTIONS, FunctionSpec
from infra.grants import query
from shared.runtime.prewarm import probe
from shared.storage.schema import LEDGER
from shared.storage.writes import Item, Key
from tests.fakes.tables import InMemoryTables
from tests.infra.assembly import Assembly

GET, BATCH, PUT = "GetItem", "BatchGetItem", "PutItem"
UPDATE, QUERY, CHECK = "UpdateItem", "Query", "ConditionCheckItem"

TABLE_ACTIONS: dict[str, dict[str, set[str]]] = {
    "commands": {
        "Orders": {BATCH, PUT},
        "Stock": {BATCH, UPDATE},
        "Checkouts": {BATCH, UPDATE, CHECK},
        "Reservations": {GET, BATCH, PUT, UPDATE},
        "Ledger": {GET, PUT, UPDATE},
    },
    "orders": {
        "Orders": {GET, UPDATE},
        "Checkouts": {GET, UPDATE},
        "Stock": {BATCH, UPDATE},
        "Ledger": {GET, PUT, UPDATE},
    },
    "notifications": {"Notifications": {GET, PUT, UPDATE}, "Ledger": {GET, PUT, UPDATE}},
    "inventory": {
        "Stock": {GET, BATCH, UPDATE},
        "Movements": {PUT},
        "Ledger": {GET, PUT, UPDATE},
    },
    "analytics": {
        "Audit": {PUT},
        "DeadLetters": {GET, PUT, UPDATE},
        "Ledger": {GET, PUT, UPDATE},
    },
    "checkout": {
        "Stock": {BATCH},
        "Checkouts": {BATCH, PUT, UPDATE, CHECK},
        "Orders": {BATCH},
        "Reservations": {BATCH},
        "Allowances": {UPDATE},
    },
    "reconciler": {
        "Checkouts": {GET, UPDATE},
        "DeadLetters": {GET, PUT, UPDATE},
        "Ledger": {GET, PUT, UPDATE},
        "Orders": {BATCH},
    },
}
# Only the reconciler looks for anything; everybody else is told the key.
INDEXES: dict[str, set[str]] = {
    "reconciler": {
        "<TablesLedger.Arn>/index/pending",
        "<TablesCheckouts.Arn>/index/pending",
        "<TablesCheckouts.Arn>/index/decided",
        "<TablesDeadLetters.Arn>/index/closed",
        "<TablesOrders.Arn>/index/unconfirmed",
        "<TablesReservations.Arn>/index/expiry",
        "<TablesDeadLetters.Arn>/index/byState",
        "<TablesDeadLetters.Arn>/index/due",
    }
}

URLS = {
    f"urls/{name}" for name in ("commands", "orders", "notifications", "inventory", "analytics")
}
PUBLISHER = URLS | {"secrets/QSTASH_TOKEN"}
RECEIVER = PUBLISHER | {"urls/api"}
CONSUMER = RECEIVER | {
    "secrets/QSTASH_CURRENT_SIGNING_KEY",
    "secrets/QSTASH_NEXT_SIGNING_KEY",
    "secrets/REDIS_URL",
}
# To these two no delivery comes, but one of them tells by its address whose a message was.
VOUCHING = {"secrets/CHECKOUT_CURRENT_SIGNING_KEY", "secrets/CHECKOUT_NEXT_SIGNING_KEY"}
ORDER_IDS = {"secrets/ORDER_ID_KEY"}
PARAMETERS = {
    "commands": CONSUMER | ORDER_IDS,
    "checkout": PUBLISHER | VOUCHING | ORDER_IDS,
    "reconciler": RECEIVER,
}
HERE = "<AWS::Region>:<AWS::AccountId>"
# A telephone number has no ARN; what a device's will be nobody knows yet.
PHONES = {
    ("sns:Publish", "not arn:<AWS::Partition>:sns:*:*:*"),
    ("sns:Publish", f"arn:<AWS::Partition>:sns:{HERE}:endpoint/*"),
}
TRACING = {("xray:PutTelemetryRecords", "*"), ("xray:PutTraceSegments", "*")}


def expected(name: str, stage: str) -> set[tuple[str, str]]:
    """The whole permission of a function."""
    tables = {
        (f"dynamodb:{action}", f"<Tables{table}.Arn>")
        for table, actions in TABLE_ACTIONS[name].items()
        for action in actions
    } | {(f"dynamodb:{QUERY}", index) for index in INDEXES.get(name, set())}
    parameters = {
        (
            "ssm:GetParameters",
            f"arn:<AWS::Partition>:ssm:{HERE}:parameter/order-pipeline/{stage}/{path}",
        )
        for path in PARAMETERS.get(name, CONSUMER)
    }
    logs = {
        (f"logs:{action}", f"<{name.capitalize()}Logs.Arn>")
        for action in ("CreateLogStream", "PutLogEvents")
    }
    mail = {
        ("ses:SendEmail", f"arn:<AWS::Partition>:ses:{HERE}:{resource}")
        for resource in (
            "identity/<MailIdentity>",
            "configuration-set/<MailConfigurationSet>",
        )
    }
    return (
        tables
        | parameters
        | logs
        | (mail | PHONES if name == "notifications" else set())
        | (TRACING if stage in {"staging", "prod"} else set())
    )


@pytest.mark.parametrize("name", [spec.name for spec in FUNCTIONS])
def test_a_function_may_do_exactly_this_and_nothing_else(assembly: Assembly, name: str):
    """Every action on every resource, both ways: too much and too little fail alike."""
    assert assembly.permissions(name) == expected(name, assembly.stage)


class Watched(InMemoryTables):
    """Notes which table was read by which action."""

    def __init__(self) -> None:
        super().__init__()
        self.reads: list[tuple[str, str]] = []

    def get(self, table: str, key: Key) -> Item | None:
        self.reads.append((table, GET))
        return None

    def get_many(self, keys: Sequence[tuple[str, Key]]) -> list[Item | None]:
        self.reads += [(table, BATCH) for table, _ in keys]
        return [None for _ in keys]


@pytest.mark.parametrize("spec", FUNCTIONS, ids=lambda spec: spec.name)
def test_the_read_that_opens_the_connection_is_one_that_the_function_does_anyway(
    spec: FunctionSpec,
):
    """Refused it would still connect, and write an error into every cold start's log."""
    watched = Watched()

    probe(watched, spec.settings)

    ((table, action),) = watched.reads
    assert action in TABLE_ACTIONS[spec.name][table.capitalize()]


def test_every_function_has_a_role_of_its_own_without_managed_policies(assembly: Assembly):
    """A shared role is the sum of everybody's rights; a managed policy is somebody else's text."""
    assert set(TABLE_ACTIONS) == {spec.name for spec in FUNCTIONS}
    roles = {assembly.text(f.properties["Role"]) for f in assembly.functions().values()}

    assert len(roles) == len(FUNCTIONS)
    for role in assembly.resources("AWS::IAM::Role"):
        assert "ManagedPolicyArns" not in role.properties
        assert "Policies" not in role.properties


def test_no_statement_has_a_wildcard_but_those_that_cannot_do_without(assembly: Assembly):
    """X-Ray's uploads know no resources, telephones have no ARN, devices register at run time."""
    found = {
        (name, action, resource)
        for name in assembly.functions()
        for action, resource in assembly.permissions(name)
        if "*" in action or "*" in resource
    }

    traced = TRACING if assembly.stage in {"staging", "prod"} else set()
    phones = {("notifications", *pair) for pair in PHONES}
    assert found == phones | {(name, *pair) for name in assembly.functions() for pair in traced}


def test_who_may_text_may_publish_to_nothing_that_has_an_arn(assembly: Assembly):
    """`NotResource` allows all the rest, so it stands beside one action and no other."""
    (statement,) = [s for s in assembly.statements() if "NotResource" in s]

    assert (statement["Effect"], statement["Action"]) == ("Allow", "sns:Publish")
    assert assembly.text(statement["NotResource"]) == "arn:<AWS::Partition>:sns:*:*:*"


def test_nobody_may_scan_or_delete_and_nobody_may_change_the_audit_trail(assembly: Assembly):
    """Said once more in plain words, whatever the table above is edited to."""
    for name in assembly.functions():
        for action, resource in assembly.permissions(name):
            assert "Scan" not in action
            assert "Delete" not in action
            if resource == "<TablesAudit.Arn>":
                assert (name, action) == ("analytics", "dynamodb:PutItem")


def test_an_index_that_the_schema_does_not_have_cannot_be_granted():
    """A typo would be a permission for nothing, found out by the first run in production."""
    with pytest.raises(ValueError, match="table ledger has no index pendign"):
        query(LEDGER, "pendign")


def test_mail_may_only_be_sent_from_the_stage_s_own_address(assembly: Assembly):
    """A stolen role cannot write as the director."""
    (statement,) = [s for s in assembly.statements() if s["Action"] == "ses:SendEmail"]

    sender = assembly.environment("notifications")["SENDER_ADDRESS"]
    assert statement["Condition"] == {"StringEquals": {"ses:FromAddress": sender}}


def test_a_customer_key_opens_only_this_function_s_secrets(synthesize):
    """Through SSM, with the ciphertext bound to the parameter it was made for."""
    key = "arn:aws:kms:eu-west-1:123456789012:key/0b0b"
    assembly: Assembly = synthesize("prod", secrets_key_arn=key)

    statements = [s for s in assembly.statements() if s["Action"] == "kms:Decrypt"]
    assert len(statements) == len(FUNCTIONS)
    for statement in statements:
        assert statement["Resource"] == key
        condition = statement["Condition"]["StringEquals"]
        bound = condition["kms:EncryptionContext:PARAMETER_ARN"]
        assert assembly.text(condition["kms:ViaService"]) == "ssm.<AWS::Region>.amazonaws.com"
        arns = bound if isinstance(bound, list) else [bound]
        assert all("/order-pipeline/prod/secrets/" in assembly.text(arn) for arn in arns)


def test_without_a_customer_key_nobody_needs_kms(assembly: Assembly):
    """The AWS-managed key of SSM decrypts for whoever may read the parameter."""
    assert not [s for s in assembly.statements() if "kms" in str(s["Action"])]
