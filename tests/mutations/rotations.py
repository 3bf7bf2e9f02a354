"""Planted bugs of the secrets that operators set and rotate: no simulation rotates one."""

from tests.mutations.catalog import Mutation

_SECRETS = "tests/integration/ops/test_secrets.py"
_RULES = "tests/unit/ops/secrets/test_rules.py"
_ROTATION = "A rotation refuses no genuine delivery and needs no deploy."

ROTATIONS = (
    Mutation(
        "S8",
        _ROTATION,
        "ops/secrets/change.py",
        "_AS_WRITTEN = (QSTASH_CURRENT, QSTASH_NEXT)",
        "_AS_WRITTEN = (QSTASH_NEXT, QSTASH_CURRENT)",
        "functions that start between the two steps know the new key under neither name",
        (f"{_SECRETS}::test_what_qstash_signs_is_believed_at_every_moment_of_a_rotation",),
    ),
    Mutation(
        "S8",
        _ROTATION,
        "ops/secrets/change.py",
        "        self._refuse_soon(ours)",
        "        _ = ours",
        "two rotations leave warm functions with none of the two keys",
        (f"{_SECRETS}::test_a_second_rotation_waits_until_functions_have_read_the_first",),
    ),
    Mutation(
        "S25",
        "Secrets go through the internet encrypted alone.",
        "ops/secrets/rules.py",
        'if not rules and name == REDIS_URL and not value.startswith("rediss://"):',
        'if not rules and name == REDIS_URL and not value.startswith("redis"):',
        "the password of Redis is stored for a connection in plain text",
        (f"{_RULES}::test_a_redis_that_is_reached_in_plain_text_breaks_a_rule",),
    ),
    Mutation(
        "S25",
        "Secrets live in SSM as secure strings.",
        "ops/secrets/store.py",
        "                Type=SECURE,",
        '                Type="String",',
        "a secret is stored in plain text",
        (f"{_SECRETS}::test_a_secret_is_stored_encrypted_and_says_who_wrote_it",),
    ),
    Mutation(
        "S38",
        "The key of order ids is made once and never replaced.",
        "ops/secrets/change.py",
        "self._put(name, value, overwrite=name != rules.ORDER_ID_KEY)",
        "self._put(name, value)",
        "of two operators at the same moment the second one replaces the key",
        (f"{_SECRETS}::test_a_key_of_order_ids_that_another_person_made_meanwhile_stays",),
    ),
)
