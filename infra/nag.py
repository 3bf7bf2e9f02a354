"""Answers to findings of cdk-nag, each where it arises and with its reason."""

from aws_cdk import Acknowledgment, Validations
from constructs import IConstruct


def acknowledge(construct: IConstruct, finding: str, reason: str) -> None:
    """Accept one finding on one construct and what it holds."""
    Validations.of(construct).acknowledge(Acknowledgment(id=finding, reason=reason))
