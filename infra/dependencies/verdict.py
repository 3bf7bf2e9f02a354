"""What the answers of the advisory databases come to, in words and as an exit status."""

from collections.abc import Iterator, Sequence

from commandline.text import harmless
from infra.dependencies.advisories import Answer

NONE_KNOWN, KNOWN, NOT_ASKED = 0, 1, 3


def status(answers: Sequence[Answer]) -> int:
    """0: each package has an answer, and no hole is known. 1: one is known. 3: neither can be said."""
    if any(answer.findings for answer in answers):
        return KNOWN
    return NONE_KNOWN if all(answer.complete for answer in answers) else NOT_ASKED


def lines(answers: Sequence[Answer]) -> Iterator[str]:
    """A line for each hole, one for each database, and one that says what to make of it."""
    for answer in answers:
        for hole in answer.findings:
            yield harmless(f"{answer.source}: {hole.package}: {hole.advisory} ({hole.remedy})")
        yield harmless(_summary(answer))
    if not all(answer.complete for answer in answers):
        yield (
            "NOT AUDITED: an advisory database did not answer for every package. "
            "This says nothing about holes in the others."
        )


def _summary(answer: Answer) -> str:
    holes = f"{len(answer.findings)} known holes"
    if answer.complete:
        return f"{answer.source}: {answer.asked} packages asked about, {holes}"
    told = f"{answer.source}: only {answer.answered} of {answer.asked} packages have an answer"
    return f"{told}, {holes} in those: {answer.why or 'the report was incomplete'}"
