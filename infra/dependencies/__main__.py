"""`make sbom` and `make audit-dependencies`."""

from commandline.arguments import Parser
from commandline.entry import REFUSED, complain, start
from infra.assets.staging import LAMBDA, PackagingError
from infra.dependencies.advisories import ask_about_node, ask_about_python, locked
from infra.dependencies.bill import components_of, write_layer, write_tools
from infra.dependencies.verdict import lines, status


def main(arguments: list[str]) -> int:
    """Write the bills of materials, or ask for known holes."""
    parser = Parser(prog="python -m infra.dependencies", description=__doc__, allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser(
        "sbom", help="write what the layer and the tools are made of", allow_abbrev=False
    )
    audit = commands.add_parser("audit", help="ask for known holes in it", allow_abbrev=False)
    audit.add_argument("--osv-url", default="", help="ask a service with OSV's protocol, not PyPI")
    audit.add_argument(
        "--npm-registry", default="", help="ask this registry, not npm's own setting"
    )
    options = parser.parse_args(arguments)
    if options.command == "sbom":
        return _sbom()
    return _audit(options.osv_url, options.npm_registry)


def _sbom() -> int:
    try:
        paths = [write_layer(LAMBDA), *write_tools()]
    except PackagingError as error:
        complain(f"sbom: {error}")
        return REFUSED
    for path in paths:
        print(f"{path}: {sum(1 for _ in components_of(path))} components")  # noqa: T201
    return 0


def _audit(osv_url: str, npm_registry: str) -> int:
    answers = [
        ask_about_python(locked(), osv_url=osv_url),
        ask_about_node(registry=npm_registry),
    ]
    for line in lines(answers):
        print(line)  # noqa: T201
    return status(answers)


if __name__ == "__main__":
    start(main)
