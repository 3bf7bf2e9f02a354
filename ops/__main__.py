"""``python -m ops``: the operator's command line."""

import argparse
import sys

from ops import event_docs


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ops", description="Operate the pipeline.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    event_docs.add_to(commands)
    return parser


def main(arguments: list[str]) -> int:
    """Run one command; the exit status."""
    options = _parser().parse_args(arguments)
    run = options.run
    return int(run(options))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
