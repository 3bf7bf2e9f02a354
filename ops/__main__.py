"""``python -m ops``: the operator's command line."""

from commandline.entry import start


def main(arguments: list[str]) -> int:
    """Run one command; the exit status."""
    # Loading takes a moment: who loses patience meanwhile is answered as at any other time.
    from ops import commands  # noqa: PLC0415

    return commands.run(arguments)


if __name__ == "__main__":
    start(main)
