"""Who changes something in an AWS account: whom AWS says that the credentials belong to (S26)."""

import re
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from ops.core.errors import OperatorError
from shared.kernel.text import one_line

Identify = Callable[[], str]

# What IAM allows at most, with room.
_LONGEST = 2048
_ARN = re.compile(r"arn:aws[a-z-]*:(iam|sts)::[0-9]{12}:\S+")
_NOTHING_CHANGED = "nothing was changed"


def caller_of(sts: Callable[[], Any]) -> Identify:
    """Asks `sts:GetCallerIdentity` when it is called. AWS answers that without any permission.

    Args:
        sts: makes a client of STS.
    """

    def identify() -> str:
        try:
            answer = sts().get_caller_identity()
        except (BotoCoreError, ClientError) as error:
            raise OperatorError(
                f"{_NOTHING_CHANGED}, because AWS does not say who you are"
            ) from error
        arn = answer.get("Arn")
        if not isinstance(arn, str) or not _ARN.fullmatch(arn) or one_line(arn, _LONGEST) != arn:
            raise OperatorError(f"{_NOTHING_CHANGED}, because AWS named you by no ARN")
        return arn

    return identify
