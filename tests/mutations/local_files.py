"""Planted bugs of the local stack's files: no simulation looks for them."""

from tests.mutations.catalog import Mutation

_PRIVATE = "tests/unit/local/stack/test_private.py"
_ALONE = "Files of the local stack are its owner's alone."

LOCAL_FILES = (
    Mutation(
        "S45",
        _ALONE,
        "local/stack/private.py",
        "        path.chmod(wanted)\n",
        "        pass\n",
        "a stack of an older version stays open to other users",
        (f"{_PRIVATE}::test_a_loose_home_of_before_is_tightened",),
    ),
    Mutation(
        "S45",
        _ALONE,
        "local/stack/processes.py",
        "            umask=private.UMASK,\n",
        "",
        "what the stack's programs write is as open as the shell allows",
        (f"{_PRIVATE}::test_a_program_of_the_stack_writes_for_its_owner_only",),
    ),
)
