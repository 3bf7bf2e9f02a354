"""Sets and rotates secrets so that functions which run meanwhile believe the right ones at every
moment. Each may be run again after it was interrupted, and goes on where it was."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NoReturn

from botocore.exceptions import BotoCoreError, ClientError

from commandline.entry import noting
from ops.core.errors import OperatorError
from ops.core.qstash import Answer, QStashApi
from ops.secrets import rules
from ops.secrets.rules import CHECKOUT_CURRENT, CHECKOUT_NEXT, QSTASH_CURRENT, QSTASH_NEXT
from ops.secrets.store import SecretStore, Stored
from shared.kernel.clock import Clock
from shared.messaging.signature import MAX_AGE_SECONDS

# Twice what a warm function keeps its keys: a rotation before all have read the last one would
# leave some with none of the two keys that QStash has.
SECONDS_BETWEEN = 2 * MAX_AGE_SECONDS
NEVER_ROTATED = (
    "ORDER_ID_KEY is never rotated: the order id of a payment is computed with it. Under another key "
    "a payment that has an order would get a second one"
)
# The current one first: QStash signs with it from now on. The other way round, functions that start
# between the two steps would know it under neither name.
_AS_WRITTEN = (QSTASH_CURRENT, QSTASH_NEXT)
_FAILURES = (ClientError, BotoCoreError, OperatorError)


@dataclass(frozen=True, slots=True)
class SecretChanges:
    """Changes of one stage's secrets.

    Args:
        who: whom AWS names.
        dry_run: look, and say what would be done.
    """

    store: SecretStore
    clock: Clock
    who: str
    dry_run: bool = False

    def generate_order_id_key(self) -> str:
        """Make the key of order ids, once; it is shown to nobody.

        Raises:
            OperatorError: there is one.
        """
        return self.set(rules.ORDER_ID_KEY, secrets.token_hex(32))

    def set(self, name: str, value: str) -> str:
        """Store a secret; what was done.

        Raises:
            OperatorError: the value breaks a rule, or the key of order ids would change.
        """
        rules.check(name, value)
        found = self.store.read([name]).get(name)
        if found is not None and found.value == value:
            return f"{name}: unchanged, it is this value already"
        if found is not None and name == rules.ORDER_ID_KEY:
            raise OperatorError(NEVER_ROTATED)
        self._put(name, value, overwrite=name != rules.ORDER_ID_KEY)
        return self._reported(f"{name}: {'stored' if found is None else 'replaced'}")

    def encrypt_again(self, name: str) -> str:
        """Store the same value again, under the stage's own KMS key; what was done.

        Raises:
            OperatorError: there is none.
        """
        found = self.store.read([name]).get(name)
        if found is None:
            raise OperatorError(f"{name}: there is none")
        self._put(name, found.value)
        return self._reported(f"{name}: the same value, encrypted with the stage's key")

    def rotate_qstash_keys(self, api: QStashApi) -> str:
        """Have QStash sign with its next key, and store the pair it then has; what was done.

        Where the stored pair is not QStash's, it is brought in line and nothing is rotated: so an
        interrupted rotation ends.

        Raises:
            OperatorError: QStash refuses, or the last rotation was a moment ago.
        """
        theirs = qstash_keys(api.call("GET", "/v2/keys"))
        ours = self.store.read(theirs)
        if {name: found.value for name, found in ours.items()} != theirs:
            self._put_keys(theirs)
            return self._reported("QStash's signing keys: brought in line with QStash; not rotated")
        self._refuse_soon(ours)
        if not self.dry_run:
            again = "QStash has rotated, SSM has not: run this again at once, and it ends"
            api.call("POST", "/v2/keys/rotate")
            with noting(lambda: again, _FAILURES):
                self._put_keys(qstash_keys(api.call("GET", "/v2/keys")))
        return self._reported(
            "QStash's signing keys: rotated; functions read them within 5 minutes"
        )

    def begin_checkout_keys(self, value: str) -> str:
        """Believe a second key of the shop's server, beside the current one; what was done.

        Raises:
            OperatorError: there is no current key, or another rotation is under way.
        """
        rules.check(CHECKOUT_NEXT, value)
        found = self.store.read([CHECKOUT_CURRENT, CHECKOUT_NEXT])
        if CHECKOUT_CURRENT not in found:
            raise OperatorError(f"{CHECKOUT_CURRENT}: there is none to rotate; set it")
        if value in {stored.value for stored in found.values()}:
            return f"{CHECKOUT_NEXT}: unchanged, this key is believed already"
        if CHECKOUT_NEXT in found:
            raise OperatorError("a rotation to another key is under way: end it with --finish")
        self._put(CHECKOUT_NEXT, value)
        return self._reported(
            f"{CHECKOUT_NEXT}: stored. Both keys are believed within 5 minutes; then let the shop's "
            "server sign with the new one, and end with --finish"
        )

    def finish_checkout_keys(self) -> str:
        """Forget the old key of the shop's server; what was done.

        Raises:
            OperatorError: functions may not know the new key yet.
        """
        found = self.store.read([CHECKOUT_CURRENT, CHECKOUT_NEXT])
        if (following := found.get(CHECKOUT_NEXT)) is None:
            return "no rotation is under way; nothing was changed"
        self._refuse_soon({CHECKOUT_NEXT: following})
        current = found.get(CHECKOUT_CURRENT)
        # Between the two steps both are the new key.
        if current is None or current.value != following.value:
            self._put(CHECKOUT_CURRENT, following.value)
        if not self.dry_run:
            self.store.delete(CHECKOUT_NEXT)
        return self._reported(
            f"{CHECKOUT_CURRENT}: the new key; the old one is not believed any more"
        )

    def rotate_token(self, value: str, api: QStashApi) -> str:
        """Store another token of the same QStash account; what was done.

        Args:
            api: asks with the new token.

        Raises:
            OperatorError: QStash refuses it, or it belongs to another account.
        """
        rules.check(rules.QSTASH_TOKEN, value)
        theirs = qstash_keys(api.call("GET", "/v2/keys"))
        ours = self.store.read(theirs)
        if {name: found.value for name, found in ours.items()} != theirs:
            raise OperatorError(
                "this token belongs to another account or region of QStash than the stored signing "
                "keys, or these are not in line: "
                "`ops secrets rotate QSTASH_SIGNING_KEYS` brings them in line"
            )
        return self.set(rules.QSTASH_TOKEN, value)

    def rotate_redis(self, value: str, ping: Callable[[str], None]) -> str:
        """Store another address of Redis, if one answers there; what was done.

        Args:
            ping: raises an ``OperatorError`` when Redis does not answer.

        Raises:
            OperatorError: the address breaks a rule, or Redis does not answer there.
        """
        rules.check(rules.REDIS_URL, value)
        ping(value)
        return self.set(rules.REDIS_URL, value)

    def _put_keys(self, keys: Mapping[str, str]) -> None:
        for name in _AS_WRITTEN:
            rules.check(name, keys[name])
        for name in _AS_WRITTEN:
            self._put(name, keys[name])

    def _put(self, name: str, value: str, *, overwrite: bool = True) -> None:
        if not self.dry_run:
            self.store.put(name, value, overwrite=overwrite, who=self.who)

    def _refuse_soon(self, stored: Mapping[str, Stored]) -> None:
        now = self.clock.now()
        ages = [
            (now - found.changed_at).total_seconds()
            for found in stored.values()
            if found.changed_at is not None
        ]
        if ages and (left := SECONDS_BETWEEN - min(ages)) > 0:
            raise OperatorError(
                f"too soon: functions may not have read what changed {int(min(ages))} seconds ago; "
                f"again in {int(left) + 1} seconds"
            )

    def _reported(self, done: str) -> str:
        return f"dry run, nothing was changed; it would say: {done}" if self.dry_run else done


def qstash_keys(answer: Answer) -> Mapping[str, str]:
    """The pair that QStash has, by the names of our secrets.

    Raises:
        OperatorError: QStash refused the token, or answered something else.
    """
    keys = {QSTASH_CURRENT: answer.text("current"), QSTASH_NEXT: answer.text("next")}
    if answer.status != 200 or not all(keys.values()):
        _refused(answer)
    return keys


def _refused(answer: Answer) -> NoReturn:
    if answer.status in {401, 403, 404}:
        raise OperatorError("QStash refuses the token: it is revoked, or of another region")
    raise OperatorError(f"QStash does not say its signing keys (HTTP {answer.status})")
