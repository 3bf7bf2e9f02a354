import socket

import pytest

from local.stack import ports


@pytest.fixture
def taken():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_free_port_is_found():
    port = ports.choose("LOCAL_AWS_PORT", {})

    assert not ports.accepts(port)


def test_no_outgoing_connection_can_have_a_port_that_was_found():
    found = {ports.choose("LOCAL_AWS_PORT", {}) for _ in range(20)}

    assert max(found) < 32_768
    assert len(found) > 10, "and two stacks that start at once get different ones"


def test_a_port_in_use_is_passed_over(taken):
    drawn = iter([taken - 20_000, 1, 2, 3])

    assert ports.choose("LOCAL_AWS_PORT", {}, draw=lambda _: next(drawn)) in {
        20_001,
        20_002,
        20_003,
    }


def test_where_every_drawn_port_is_in_use_the_system_finds_one(taken):
    port = ports.choose("LOCAL_AWS_PORT", {}, draw=lambda _: taken - 20_000)

    assert port != taken
    assert not ports.accepts(port)


def test_the_port_from_before_is_preferred_while_it_is_free(taken):
    before = ports.choose("LOCAL_AWS_PORT", {})

    assert ports.choose("LOCAL_AWS_PORT", {}, before) == before
    assert ports.choose("LOCAL_AWS_PORT", {}, taken) != taken


def test_the_port_that_was_asked_for_is_taken():
    wanted = ports.choose("LOCAL_AWS_PORT", {})

    assert ports.choose("LOCAL_AWS_PORT", {"LOCAL_AWS_PORT": str(wanted)}) == wanted


def test_a_port_in_use_is_refused_by_name(taken):
    assert ports.accepts(taken)
    with pytest.raises(ports.PortError, match=f"LOCAL_AWS_PORT={taken}"):
        ports.choose("LOCAL_AWS_PORT", {"LOCAL_AWS_PORT": str(taken)})


@pytest.mark.parametrize("value", ["x", "0", "65536", "-1", "80.0", "8_0", "\u0668\u0660", "+80"])
def test_nonsense_is_no_port(value):
    with pytest.raises(ports.PortError, match="is not a port number"):
        ports.choose("LOCAL_AWS_PORT", {"LOCAL_AWS_PORT": value})
