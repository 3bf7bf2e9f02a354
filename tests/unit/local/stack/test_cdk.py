from local.stack.cdk import failure, merged


def test_outputs_of_all_stacks_are_one():
    outputs = {"Data": {"TableStock": "stock"}, "Pipeline": {"ApiUrl": "https://api"}}

    assert merged(outputs) == {"TableStock": "stock", "ApiUrl": "https://api"}


def test_a_failure_shows_its_reason_and_not_the_rollback():
    said = "x | DELETE_COMPLETE\n" * 100 + "Failed resources:\nx | CREATE_FAILED | no such thing\n"

    assert failure(said) == "    Failed resources:\n    x | CREATE_FAILED | no such thing"


def test_another_failure_shows_the_end_of_what_was_said():
    assert failure("first\nlast") == "    first\n    last"
    assert len(failure("line\n" * 100).splitlines()) == 40
