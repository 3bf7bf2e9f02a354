"""JSON that the standard library would let pass, or choke on."""

import gzip
import json
import zlib
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.kernel.errors import InvalidJsonError, PayloadTooLargeError, UnsupportedEncodingError
from shared.kernel.strict_json import MAX_DEPTH, dumps, loads, loads_message

LIMIT = 1_000_000

whole_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**22), 10**22) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(min_size=1, max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
number_texts = st.from_regex(
    r"\A-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,60})?([eE][+-]?[0-9]{1,6})?\Z", fullmatch=True
)


@pytest.mark.parametrize(
    ("text", "field", "rule"),
    [
        ('{"price":1,"price":2}', "price", "must appear only once in its object"),
        ('{"a":{"b":1,"c":2,"b":1}}', "b", "must appear only once in its object"),
        ('[{"a":1,"\\u0061":1}]', "a", "must appear only once in its object"),
        ("NaN", "body", "NaN is not JSON"),
        ('{"price":Infinity}', "body", "Infinity is not JSON"),
        ("[-Infinity]", "body", "-Infinity is not JSON"),
        ("1e400", "body", "numbers must have at most 24 digits"),
        ("-1e400", "body", "numbers must have at most 24 digits"),
        ("1e-400", "body", "numbers must have at most 24 digits"),
        ("9" * 5000, "body", "numbers must have at most 24 digits"),
        ("9" * 25, "body", "numbers must have at most 24 digits"),
        ("0." + "1" * 5000, "body", "numbers must have at most 24 digits"),
        ('"\\ud800"', "body", "must be valid Unicode text"),
        ('{"\\udfff":1}', "body", "must be valid Unicode text"),
        ('"\\udc00\\ud800"', "body", "must be valid Unicode text"),
        ("[" * 33 + "1" + "]" * 33, "body", "must nest at most 32 levels"),
        ('{"a":' * 33 + "1" + "}" * 33, "body", "must nest at most 32 levels"),
        ("", "body", "must be JSON: Expecting value at line 1 column 1"),
        ("{'a':1}", "body", "must be JSON: Expecting property name"),
        ("{} {}", "body", "must be JSON: Extra data"),
        ("[1,]", "body", "must be JSON: "),
        ("01", "body", "must be JSON: Extra data"),
        ('"a\nb"', "body", "must be JSON: Invalid control character"),
    ],
)
def test_what_python_would_let_pass_is_refused_naming_field_and_rule(text, field, rule):
    with pytest.raises(InvalidJsonError) as refused:
        loads(text.encode(), max_bytes=LIMIT)

    assert refused.value.field == field
    assert refused.value.rule.startswith(rule)


@pytest.mark.parametrize("bracket", [b"[", b'{"a":'])
def test_hundred_thousand_levels_are_one_refusal_and_no_recursion_error(bracket):
    with pytest.raises(InvalidJsonError, match="must nest at most 32 levels"):
        loads(bracket * 100_000, max_bytes=LIMIT)


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"\xff", "not at byte 1"),
        (b'"\xc3"', "not at byte 2"),
        (b'"\xed\xa0\x80"', "not at byte 2"),
        (b"\x80{}", "not at byte 1"),
        ('{"a":"\xe4"}'.encode("latin-1"), "not at byte 7"),
        (b"\xef\xbb\xbf{}", "UTF-8 with a byte order mark"),
        (b"\xef\xbb\xbf", "UTF-8 with a byte order mark"),
        (b"\xfe\xff\x00{", "UTF-16"),
        ("{}".encode("utf-16"), "UTF-16"),
        ("{}".encode("utf-16-le"), "UTF-16-LE"),
        ("{}".encode("utf-16-be"), "UTF-16-BE"),
        ("[1]".encode("utf-32"), "UTF-32"),
        ("[1]".encode("utf-32-be"), "UTF-32-BE"),
        (gzip.compress(b"{}", mtime=0), "gzip"),
        (zlib.compress(b"{}"), "deflate"),
        (zlib.compress(b"{}", 9), "deflate"),
        (b"\x28\xb5\x2f\xfd\x04\x00", "zstd"),
        (b"PK\x03\x04", "zip"),
    ],
)
def test_bytes_that_are_no_plain_utf8_are_refused_as_what_they_are(data, found):
    with pytest.raises(UnsupportedEncodingError) as refused:
        loads(data, max_bytes=LIMIT)

    assert refused.value.status == 415
    assert refused.value.field == "body"
    assert refused.value.rule.endswith(f"is {found}")


@given(whole_values, st.sampled_from(["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]))
def test_no_json_in_another_encoding_is_read_as_if_it_were_ours(value, encoding):
    text = json.dumps(value)
    with pytest.raises(UnsupportedEncodingError):
        loads(text.encode(encoding), max_bytes=LIMIT)


def test_size_is_checked_before_anything_is_parsed():
    """The bytes are no JSON and no UTF-8, yet the size is what the sender hears of."""
    with pytest.raises(PayloadTooLargeError, match="must be at most 10 bytes"):
        loads(b"\xff" * 11, max_bytes=10)


def test_body_of_exactly_the_most_bytes_is_read():
    assert loads(b"1234567890", max_bytes=10) == 1_234_567_890


def test_deepest_allowed_nesting_is_read():
    text = "[" * MAX_DEPTH + "1" + "]" * MAX_DEPTH

    assert json.dumps(loads(text.encode(), max_bytes=LIMIT)) == text


def test_many_brackets_side_by_side_are_no_depth():
    assert loads(b"[" + b"[1]," * 1000 + b"[1]]", max_bytes=LIMIT) == [[1]] * 1001


def test_brackets_inside_text_are_no_depth():
    text = "[{" * 100

    assert loads(json.dumps(text).encode(), max_bytes=LIMIT) == text


@pytest.mark.parametrize("text", ["0.1", "29.99", "1.10", "-0.5", "1E2", "12345678.90"])
def test_fraction_arrives_as_the_decimal_that_was_written(text):
    value = loads(text.encode(), max_bytes=LIMIT)

    assert isinstance(value, Decimal)
    assert str(value) == str(Decimal(text))


def test_escaped_pair_of_surrogates_is_the_one_character_it_spells():
    assert loads(b'"\\ud83d\\ude00"', max_bytes=LIMIT) == "\U0001f600"


@given(whole_values)
def test_json_without_fractions_reads_as_the_standard_library_reads_it(value):
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False), dumps(value)):
        assert loads(text.encode(), max_bytes=LIMIT) == json.loads(text) == value


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
@example(b"[" * 2000)
@example(b'{"a":' * 2000)
@example(b'"\\ud800"')
@example(b"-")
def test_any_bytes_raise_nothing_but_the_three_refusals(data):
    try:
        loads(data, max_bytes=150)
    except (InvalidJsonError, PayloadTooLargeError, UnsupportedEncodingError):
        return
    assert len(data) <= 150


@given(number_texts)
def test_any_number_is_exact_or_refused(text):
    try:
        value = loads(text.encode(), max_bytes=LIMIT)
    except InvalidJsonError as refused:
        assert refused.rule == "numbers must have at most 24 digits"  # noqa: PT017 - either is right
        return
    assert Decimal(value) == Decimal(text)


def test_decimals_become_numbers_and_text_stays_readable():
    assert dumps({"a": Decimal("29.99"), "b": Decimal("30.00"), "c": "ä"}) == (
        '{"a":29.99,"b":30,"c":"ä"}'
    )


def test_what_has_no_json_form_is_not_guessed():
    with pytest.raises(TypeError, match="set has no JSON form"):
        dumps({"a": {1}})


def test_a_number_too_precise_to_be_stored_is_refused_and_not_retried_for_ever():
    with pytest.raises(InvalidJsonError):
        loads(b"[1." + b"1" * 40 + b"]", max_bytes=100)


@given(whole_values.filter(lambda value: not isinstance(value, str)))
def test_message_that_was_encoded_twice_is_read_as_if_once(value):
    once = json.dumps(value).encode()
    twice = json.dumps(once.decode()).encode()

    assert loads_message(twice, max_bytes=LIMIT) == loads_message(once, max_bytes=LIMIT) == value
    assert loads(twice, max_bytes=LIMIT) == once.decode()


@pytest.mark.parametrize(
    ("inner", "field", "rule"),
    [
        ('{"price":1,"price":2}', "price", "must appear only once in its object"),
        ('{"":1}', "body", "names must not be empty"),
        ('{"price":NaN}', "body", "NaN is not JSON"),
        ("1e400", "body", "numbers must have at most 24 digits"),
        ("[" * 33 + "]" * 33, "body", "must nest at most 32 levels"),
        ('{"a":' * 100_000, "body", "must nest at most 32 levels"),
        ('"\\ud800"', "body", "must be valid Unicode text"),
        ('{"name":"\\udfff"}', "body", "must be valid Unicode text"),
        ("", "body", "must be JSON: Expecting value at line 1 column 1"),
        ("hello", "body", "must be JSON: Expecting value at line 1 column 1"),
        ("\ufeff{}", "body", "must be plain UTF-8, and is UTF-8 with a byte order mark"),
        ('"{}"', "body", "must not be encoded more than twice"),
        ('"\\"{}\\""', "body", "must not be encoded more than twice"),
        ('""', "body", "must not be encoded more than twice"),
    ],
)
def test_what_the_text_of_a_message_holds_is_read_as_strictly(inner, field, rule):
    with pytest.raises((InvalidJsonError, UnsupportedEncodingError)) as refused:
        loads_message(json.dumps(inner).encode(), max_bytes=LIMIT)

    said = refused.value.details()
    assert said["field"] == field
    assert str(said["rule"]).startswith(rule)


def test_a_message_of_too_many_bytes_is_refused_before_it_is_unwrapped():
    body = json.dumps(json.dumps({"a": "x" * 100})).encode()
    assert loads_message(body, max_bytes=len(body)) == {"a": "x" * 100}

    with pytest.raises(PayloadTooLargeError):
        loads_message(body, max_bytes=len(body) - 1)


@given(st.binary(max_size=200) | st.text(max_size=100).map(json.dumps).map(str.encode))
@example(b'"\\ud800"')
@example(b'"\xed\xa0\x80"')
def test_no_bytes_of_a_message_raise_anything_but_a_refusal(data):
    try:
        value = loads_message(data, max_bytes=LIMIT)
    except (InvalidJsonError, UnsupportedEncodingError):
        return
    assert not isinstance(value, str)
