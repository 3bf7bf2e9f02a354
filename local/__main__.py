"""``python -m local``: the command line of the local stack."""

from commandline.entry import start


def main(arguments: list[str]) -> int:
    """Run one command; the exit status."""
    # Loading takes a moment. Ctrl-C in this time must be answered like at any other time.
    from local.program import main as run  # noqa: PLC0415

    return run(arguments)


if __name__ == "__main__":
    start(main)
