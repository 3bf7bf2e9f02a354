"""The errors a client may see, each carrying its HTTP status, and the one that stops a start."""

from __future__ import annotations


class ApiError(Exception):
    """Answered to the client as `{"error": message}` with the status of the class."""

    status = 500

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class BadRequestError(ApiError):
    """The request can't be carried out as it stands; repeating it won't help."""

    status = 400


class UnauthorizedError(ApiError):
    """The token is missing or isn't this server's."""

    status = 401


class NotFoundError(ApiError):
    """There is no such message, dead letter, queue, schedule or endpoint."""

    status = 404


class MethodNotAllowedError(ApiError):
    """The path exists, but not with this method."""

    status = 405


class QuotaError(ApiError):
    """The plan allows no more of what was to be created."""

    status = 412


class TooLargeError(ApiError):
    """A message or a whole request exceeds its size limit."""

    status = 413


class StateFileError(Exception):
    """The state file can't be used: damaged, of another format, or held by another server."""
