"""Reading publish requests: every option, and a refusal for every one that can't be honoured."""

import pytest

from local.qstash.errors import ApiError, BadRequestError, TooLargeError
from local.qstash.http.publish_request import Publication, PublicationReader, split_query
from local.qstash.model.backoff import Pace
from local.qstash.model.drafts import FlowControl, Redaction
from local.qstash.model.plans import FREE, PAYG, PRO, Plan
from local.qstash.syntax.destinations import Destinations, parse_route
from local.qstash.syntax.headers import RequestHeaders
from local.qstash.syntax.names import valid_name

NOW = 1_795_000_000_000


def read(
    body: bytes = b"{}",
    queue: str | None = None,
    scale: float = 1.0,
    plan: Plan = PAYG,
    **headers: str,
) -> Publication:
    destinations = Destinations((parse_route("*.test=127.0.0.1:1"),))
    reader = PublicationReader(destinations, Pace(scale), plan)
    pairs = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return reader.read(
        RequestHeaders(pairs), body=body, caller_ip="127.0.0.1", now_ms=NOW, queue=queue
    )


def test_defaults_are_the_documented_ones():
    draft = read().draft

    assert (draft.method, draft.max_retries, draft.retry_delay) == ("POST", 3, None)
    assert draft.not_before_ms == NOW


def test_forwarded_headers_lose_their_prefix_and_content_type_passes():
    draft = read(
        Upstash_Forward_X_Event_ID="e1", Content_Type="application/json", X_Private="p"
    ).draft

    assert draft.headers == {"X-Event-Id": ["e1"], "Content-Type": ["application/json"]}


def test_header_forward_passes_everything_but_ours_and_the_connections():
    draft = read(
        Upstash_Header_Forward="true", X_Hub_Signature="s", Authorization="Bearer t", Host="h",
        Content_Length="2", Upstash_Retries="1",
    ).draft  # fmt: skip

    assert draft.headers == {"X-Hub-Signature": ["s"]}


def test_hop_by_hop_headers_cannot_be_forwarded():
    draft = read(
        Upstash_Forward_Host="h", Upstash_Forward_Transfer_Encoding="chunked", Upstash_Forward_X="1"
    ).draft

    assert draft.headers == {"X": ["1"]}


def test_options_are_read():
    draft = read(
        Upstash_Method="put", Upstash_Retries="5", Upstash_Retry_Delay="1000 * pow(2, retried)",
        Upstash_Timeout="30s", Upstash_Label="orders, eu", Upstash_Redact_Fields="body,header[Authorization]",
        Upstash_Flow_Control_Key="k", Upstash_Flow_Control_Value="parallelism=5, rate=10, period=1h30m3s",
    ).draft  # fmt: skip

    assert (draft.method, draft.max_retries, draft.timeout_ms) == ("PUT", 5, 30_000)
    assert draft.retry_delay == "1000 * pow(2, retried)"
    assert draft.labels == ("orders", "eu")
    assert draft.redaction == Redaction(body=True, headers=("Authorization",))
    assert draft.flow_control == FlowControl("k", 5, 10, 5_403_000)


@pytest.mark.parametrize(
    "label", ["a b", "a:b", "größe", "a/b", "a,,b", "a,", ",", "a,b c", "x" * 9 + "!"]
)
def test_labels_are_names(label):
    with pytest.raises(BadRequestError, match=r"invalid (label|Upstash-Label)"):
        read(Upstash_Label=label.encode().decode("latin-1"))


def test_a_label_given_twice_is_one():
    assert read(Upstash_Label="Orders_1.a-b,x,x").draft.labels == ("Orders_1.a-b", "x")


@pytest.mark.parametrize("key", ["a:b", "a b", "ä", "a/b"])
def test_flow_control_keys_are_names(key):
    with pytest.raises(
        BadRequestError, match=r"invalid (flow control key|Upstash-Flow-Control-Key)"
    ):
        read(
            Upstash_Flow_Control_Key=key.encode().decode("latin-1"),
            Upstash_Flow_Control_Value="rate=1",
        )


def test_a_deduplication_id_has_no_colon():
    assert read(Upstash_Deduplication_Id="evt_1-replay-2 ü").dedup_id == "evt_1-replay-2 ü"
    with pytest.raises(BadRequestError, match=r"^DeduplicationId cannot contain ':'$"):
        read(Upstash_Deduplication_Id="evt-1:replay:2")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Upstash_Workflow_Init", "Upstash-Workflow-Init"),
        ("Upstash_Workflow_RunId", "Upstash-Workflow-Runid"),
        ("Upstash_Retry", "Upstash-Retry"),
        ("Upstash_Cron", "Upstash-Cron"),
        ("Upstash_Schedule_Id", "Upstash-Schedule-Id"),
        ("Upstash_Queue_Name", "Upstash-Queue-Name"),
        ("Upstash_NonRetryable_Error", "Upstash-Nonretryable-Error"),
        ("Upstash_Callback_X_Token", "Upstash-Callback-X-Token"),
        ("Upstash_Failure_Callback_Label", "Upstash-Failure-Callback-Label"),
    ],
)
def test_an_option_that_does_not_exist_is_refused_by_name(name, shown):
    with pytest.raises(BadRequestError, match=rf"^unsupported: {shown} on a message$"):
        read(b"{}", None, 1.0, PAYG, Upstash_Callback="https://a.test", **{name: "1"})


def test_what_sdks_and_deliveries_add_is_no_option():
    read(
        Upstash_Telemetry_Sdk="qstash-js", Upstash_Message_Id="msg_1", Upstash_Retried="0",
        Upstash_Signature="s", Upstash_Region="EU", Upstash_Caller_Ip="::1", Upstash_Topic_Name="t",
    )  # fmt: skip


def test_options_of_a_callback_need_the_callback():
    with pytest.raises(BadRequestError, match="upstash-callback is missing"):
        read(Upstash_Callback_Retries="1")


def test_an_address_of_a_callback_may_be_in_any_language():
    hook = read(Upstash_Callback="https://a.test/größe".encode().decode("latin-1")).draft.callback

    assert hook is not None
    assert hook.url == "https://a.test/größe"


@pytest.mark.parametrize(
    ("plan", "fits", "too_much"),
    [
        (FREE, {"Upstash_Delay": "7d", "Upstash_Retries": "3", "Upstash_Timeout": "15m"},
         {"Upstash_Delay": "8d", "Upstash_Retries": "4", "Upstash_Timeout": "16m"}),
        (PAYG, {"Upstash_Delay": "365d", "Upstash_Retries": "5", "Upstash_Timeout": "2h"},
         {"Upstash_Delay": "366d", "Upstash_Retries": "6", "Upstash_Timeout": "3h"}),
        (PRO, {"Upstash_Delay": "3650d", "Upstash_Retries": "20", "Upstash_Timeout": "1d"},
         {"Upstash_Retries": "21", "Upstash_Timeout": "25h"}),
    ],
)  # fmt: skip
def test_limits_are_the_plans(plan, fits, too_much):
    assert read(plan=plan).draft.timeout_ms == plan.max_timeout_ms
    read(b"{}", None, 1.0, plan, **fits)
    for name, value in too_much.items():
        with pytest.raises(BadRequestError, match=r"^quota max[A-Z][a-z]+ exceeded"):
            read(b"{}", None, 1.0, plan, **{name: value})


def test_not_before_beats_delay():
    draft = read(Upstash_Not_Before=str(NOW // 1000 + 60), Upstash_Delay="5s").draft

    assert draft.not_before_ms == NOW + 60_000


def test_pace_shortens_delays_but_not_dates():
    assert read(scale=0.01, Upstash_Delay="5s").draft.not_before_ms == NOW + 50
    later = read(scale=0.01, Upstash_Not_Before=str(NOW // 1000 + 60)).draft
    assert later.not_before_ms == NOW + 60_000


def test_callbacks_carry_their_own_options():
    draft = read(
        Upstash_Callback="https://cb.test/all", Upstash_Callback_Retries="1", Upstash_Callback_Method="PUT",
        Upstash_Callback_Forward_X="v", Upstash_Failure_Callback="http://127.0.0.1/failed",
        Upstash_Failure_Callback_Retry_Delay="100", Upstash_Failure_Callback_Timeout="5s",
    ).draft  # fmt: skip

    assert draft.callback is not None
    assert draft.failure_callback is not None
    assert (draft.callback.url, draft.callback.retries) == ("https://cb.test/all", 1)
    assert (draft.callback.method, draft.callback.headers) == ("PUT", {"X": ["v"]})
    assert (draft.failure_callback.retry_delay, draft.failure_callback.timeout_ms) == ("100", 5000)


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({"Upstash_Retries": "6"}, "quota maxRetries exceeded"),
        ({"Upstash_Retries": "-1"}, "Upstash-Retries"),
        ({"Upstash_Delay": "10"}, "missing unit"),
        ({"Upstash_Delay": "366d"}, "quota maxDelay exceeded, current limit: 31536000"),
        ({"Upstash_Not_Before": str(NOW // 1000 + 366 * 86400)}, "quota maxDelay exceeded"),
        ({"Upstash_Not_Before": "soon"}, "Upstash-Not-Before"),
        ({"Upstash_Method": "BREW"}, "invalid method"),
        ({"Upstash_Timeout": "0s"}, "invalid timeout"),
        ({"Upstash_Retry_Delay": "nonsense("}, "invalid retry delay"),
        ({"Upstash_Callback": "https://example.com"}, "upstash-callback: invalid destination url"),
        ({"Upstash_Failure_Callback": "nowhere"}, "upstash-failure-callback: invalid destination"),
        ({"Upstash_Callback": "https://a.test", "Upstash_Callback_Delay": "5s"}, "can't be delayed"),
        ({"Upstash_Redact_Fields": "everything"}, "Upstash-Redact-Fields"),
        ({"Upstash_Header_Forward": "maybe"}, "Upstash-Header-Forward"),
        ({"Upstash_Content_Based_Deduplication": "x"}, "Upstash-Content-Based-Deduplication"),
        ({"Upstash_Flow_Control_Key": "k"}, "Upstash-Flow-Control-Value should be either"),
        ({"Upstash_Flow_Control_Value": "rate=1"}, "Upstash-Flow-Control-Key is missing"),
        ({"Upstash_Flow_Control_Key": "k", "Upstash_Flow_Control_Value": "period=1s"}, "should be"),
        ({"Upstash_Flow_Control_Key": "k", "Upstash_Flow_Control_Value": "rate=0"}, "should be"),
        ({"Upstash_Flow_Control_Key": "k", "Upstash_Flow_Control_Value": "rate=1,speed=2"}, "should be"),
        ({"Upstash_Flow_Control_Key": "k", "Upstash_Flow_Control_Value": "rate=1,period=8d"}, "period"),
    ],
)  # fmt: skip
def test_refuses_what_it_cannot_honour(headers, message):
    with pytest.raises(BadRequestError, match=message.replace("(", r"\(")):
        read(b"{}", None, 1.0, PAYG, **headers)


@pytest.mark.parametrize("header", ["Upstash_Delay", "Upstash_Flow_Control_Key"])
def test_queues_take_neither_delay_nor_flow_control(header):
    with pytest.raises(BadRequestError, match="unsupported"):
        read(b"{}", "q", 1.0, PAYG, **{header: "5s"})


def test_a_message_over_the_size_limit_is_refused():
    read(b"x" * FREE.max_body_bytes, plan=FREE)
    with pytest.raises(TooLargeError, match="maxMessageSize"):
        read(b"x" * (FREE.max_body_bytes + 1), plan=FREE)


def test_the_destinations_query_is_kept_literally_and_ours_removed():
    own, options = split_query("a=1&qstash_token=t&upstash-retries=2&b=%2F&Upstash-Label=x%20y&&c")

    assert own == "a=1&b=%2F&&c"
    assert options == [("upstash-retries", "2"), ("upstash-label", "x y")]


def test_a_header_beats_the_same_option_in_the_query():
    headers = RequestHeaders([("Upstash-Retries", "1")]).with_defaults(
        [("upstash-retries", "2"), ("upstash-label", "l")]
    )

    assert headers.get("upstash-retries") == "1"
    assert headers.get("upstash-label") == "l"


@pytest.mark.parametrize(
    "option",
    [
        ("upstash-forward-x y", "a"),
        ("upstash-forward-x", "a\r\nY: b"),
        ("upstash-forward-", "\x00"),
    ],
)
def test_neither_can_the_query(option):
    with pytest.raises(BadRequestError, match="invalid "):
        RequestHeaders([]).with_defaults([option])


@pytest.mark.parametrize(
    "headers", [{"X": "a\r\nY: b"}, {"X": 1}, {"X\n": "a"}, {"": "a"}, {"X Y": "a"}, {"X": "\x00"}]
)
def test_batch_headers_cannot_smuggle_anything_onto_the_wire(headers):
    with pytest.raises(ApiError):
        RequestHeaders.from_json(headers)


@pytest.mark.parametrize("name", ["", "a b", "a/b", "ä", "a\n"])
def test_names_use_the_documented_characters(name):
    with pytest.raises(BadRequestError):
        valid_name(name, what="queue name")
