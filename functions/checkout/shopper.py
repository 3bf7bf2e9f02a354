"""Who asks: the shopper that the API's authorizer vouches for, if the stage has one."""

from typing import Literal

from shared.kernel.errors import SignInRequiredError
from shared.messaging.http import HttpRequest


def shopper_of(request: HttpRequest, auth: Literal["none", "jwt"]) -> str | None:
    """The user who signed in; None only where shoppers are strangers.

    Without an authorizer the claims are not checked, so they say nothing.

    Raises:
        SignInRequiredError: the stage has an authorizer, and the request no subject.
    """
    if auth == "none":
        return None
    subject = request.claims.get("sub", "")
    if not subject:
        raise SignInRequiredError("authorization: the token must name its user (sub)")
    return subject
