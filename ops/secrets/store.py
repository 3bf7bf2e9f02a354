"""The secrets of one stage in SSM, as SecureString parameters."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from ops.core.errors import OperatorError
from ops.secrets.rules import path_of

SECURE = "SecureString"
_DEFAULT_KEY = "alias/aws/ssm"
_MOST_PER_CALL = 10


@dataclass(frozen=True, slots=True)
class Stored:
    """A secret as it is stored.

    Args:
        secure: whether it is encrypted.
        changed_at: when it was last written; None if AWS does not say.
    """

    value: str = field(repr=False)
    secure: bool
    changed_at: datetime | None


class SecretStore:
    """Reads and writes a stage's secrets.

    Args:
        ssm: a client of SSM for the stage's account and region.
        prefix: the stage's path, such as ``/order-pipeline/prod``.
        key_arn: the KMS key that encrypts; empty for the account's own key for SSM.
    """

    def __init__(self, ssm: Any, prefix: str, key_arn: str = "") -> None:
        self._ssm, self._prefix, self._key_arn = ssm, prefix, key_arn

    def read(self, names: Iterable[str]) -> Mapping[str, Stored]:
        """Those of the secrets that exist.

        Raises:
            ClientError, BotoCoreError: AWS refused, or did not answer.
        """
        wanted = {self.parameter(name): name for name in names}
        return {
            wanted[entry["Name"]]: Stored(
                entry["Value"], entry.get("Type") == SECURE, entry.get("LastModifiedDate")
            )
            for entry in self._parameters(list(wanted))
        }

    def under_other_keys(self, names: Iterable[str]) -> Mapping[str, str]:
        """Secrets that a key encrypts which the functions may not use, and that key.

        Raises:
            ClientError, BotoCoreError: AWS refused, or did not answer.
        """
        wanted = {self.parameter(name): name for name in names}
        usable = {_DEFAULT_KEY, self._key_arn, self._key_arn.rpartition("/")[2]}
        filters = [{"Key": "Name", "Option": "Equals", "Values": list(wanted)}]
        others: dict[str, str] = {}
        request: dict[str, Any] = {"ParameterFilters": filters}
        while True:
            answer = self._ssm.describe_parameters(**request)
            others |= {
                wanted[entry["Name"]]: entry["KeyId"]
                for entry in answer["Parameters"]
                if entry["Name"] in wanted and entry.get("KeyId", _DEFAULT_KEY) not in usable
            }
            if not answer.get("NextToken"):
                return others
            request["NextToken"] = answer["NextToken"]

    def put(self, name: str, value: str, *, overwrite: bool = True, who: str) -> None:
        """Write a secret.

        Args:
            overwrite: whether one that is there may be replaced.
            who: whom AWS names; stands in the parameter's description.

        Raises:
            OperatorError: it is there already, and must not be replaced.
            ClientError, BotoCoreError: AWS refused, or did not answer.
        """
        key = {"KeyId": self._key_arn} if self._key_arn else {}
        try:
            self._ssm.put_parameter(
                Name=self.parameter(name),
                Value=value,
                Type=SECURE,
                Overwrite=overwrite,
                Description=f"Written by python -m ops secrets, as {who}"[:1024],
                **key,
            )
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") != "ParameterAlreadyExists":
                raise
            raise OperatorError(f"{name}: is there already, and was not replaced") from error

    def delete(self, name: str) -> None:
        """Take a secret away.

        Raises:
            ClientError, BotoCoreError: AWS refused, or did not answer.
        """
        self._ssm.delete_parameter(Name=self.parameter(name))

    def parameter(self, name: str) -> str:
        """The name of a secret's parameter."""
        return f"{self._prefix}/{path_of(name)}"

    def _parameters(self, wanted: list[str]) -> Iterable[Mapping[str, Any]]:
        for start in range(0, len(wanted), _MOST_PER_CALL):
            answer = self._ssm.get_parameters(
                Names=wanted[start : start + _MOST_PER_CALL], WithDecryption=True
            )
            yield from answer["Parameters"]
