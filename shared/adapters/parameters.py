"""Configuration from SSM: secrets and addresses, in as few calls as the service allows."""

from collections.abc import Callable, Mapping

from shared.adapters.aws.errors import AwsError
from shared.adapters.aws.port import AwsClient
from shared.kernel.errors import DependencyError
from shared.kernel.settings import ParameterReader

_MOST_PER_CALL = 10


def ssm_reader(client: Callable[[], AwsClient]) -> ParameterReader:
    """Reads parameters, decrypted. The client is made on the first use only.

    The reader raises ``DependencyError`` when SSM does not answer; a name that does not exist is
    simply not in the answer.
    """

    def read(names: list[str]) -> Mapping[str, str]:
        found: dict[str, str] = {}
        for start in range(0, len(names), _MOST_PER_CALL):
            try:
                answer = client().call(
                    "GetParameters",
                    {"Names": names[start : start + _MOST_PER_CALL], "WithDecryption": True},
                )
            except AwsError as error:
                raise DependencyError(f"SSM: {error}") from error
            found |= {entry["Name"]: entry["Value"] for entry in answer.get("Parameters", [])}
        return found

    return read
