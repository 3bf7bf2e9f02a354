from local.stack.cdk import context_arguments, failure, merged


def test_a_deployer_s_facts_come_with_the_stack_s_own():
    arguments = context_arguments("jwt_issuer=http://x?a=b  jwt_audience=web", {"stage": "local"})

    assert arguments == [
        "--context=jwt_issuer=http://x?a=b",
        "--context=jwt_audience=web",
        "--context=stage=local",
    ]


def test_no_fact_takes_the_stack_off_this_machine():
    facts = "stage=prod qstash_url=https://qstash.upstash.io"
    own = {"stage": "local", "qstash_url": "http://127.0.0.1:1"}

    assert context_arguments(facts, own) == context_arguments("", own)


def test_outputs_of_all_stacks_are_one():
    outputs = {"Data": {"TableStock": "stock"}, "Pipeline": {"ApiUrl": "https://api"}}

    assert merged(outputs) == {"TableStock": "stock", "ApiUrl": "https://api"}


def test_a_failure_shows_its_reason_and_not_the_rollback():
    said = "x | DELETE_COMPLETE\n" * 100 + "Failed resources:\nx | CREATE_FAILED | no such thing\n"

    assert failure(said) == "    Failed resources:\n    x | CREATE_FAILED | no such thing"


def test_another_failure_shows_the_end_of_what_was_said():
    assert failure("first\nlast") == "    first\n    last"
    assert len(failure("line\n" * 100).splitlines()) == 40
