"""Does a Redis answer at an address, with its password and, where the address says so, over TLS?"""

from typing import Any

from redis import ConnectionPool
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, RedisError, ResponseError
from redis.retry import Retry

from ops.core.errors import OperatorError

_SECONDS = 5.0


def ping(url: str) -> None:
    """Connect, authenticate and ask.

    Raises:
        OperatorError: it does not work; why, and never the address.
    """
    try:
        # Longer than functions wait: an operator's line may be slow.
        pool = ConnectionPool.from_url(
            url,
            protocol=2,
            driver_info=None,
            socket_timeout=_SECONDS,
            socket_connect_timeout=_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        # Not through the pool: it looks whether bytes wait on a new connection, and takes the
        # session tickets of TLS 1.3 for an answer to nothing.
        connection: Any = pool.make_connection()
    except (ValueError, TypeError, RedisError):
        raise OperatorError("REDIS_URL: is no address that a Redis client understands") from None
    try:
        connection.connect()
        connection.send_command("PING")
        connection.read_response()
    except (AuthenticationError, ResponseError):
        raise OperatorError("Redis refuses the user or the password of REDIS_URL") from None
    except (RedisError, OSError) as error:
        why = (
            "its certificate is not trusted" if "CERTIFICATE_VERIFY" in str(error) else "no answer"
        )
        raise OperatorError(f"Redis cannot be reached: {why} ({type(error).__name__})") from None
    finally:
        connection.disconnect()
