"""What every test may rely on, however it was started."""

import signal


def pytest_configure() -> None:
    """A shell lets what it runs in the background ignore Ctrl-C, and so would every program that a
    test starts and interrupts."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
