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
