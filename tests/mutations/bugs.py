"""All planted bugs, those of one promise beside each other."""

from tests.mutations.catalog import MUTATIONS, Mutation
from tests.mutations.others import OTHERS
from tests.mutations.strangers import STRANGERS


def _number(mutation: Mutation) -> int:
    return int(mutation.invariant.removeprefix("I"))


BUGS = tuple(sorted((*MUTATIONS, *OTHERS, *STRANGERS), key=_number))
