"""A second bug for each promise, of another kind than the one in `catalog`: another place, and
another way to break it, such as a bound that is off by one, two steps in the wrong order, or an id
that is not always the same."""

from tests.mutations.catalog import MUTATIONS, Mutation

_PROMISES = {mutation.invariant: mutation.promise for mutation in reversed(MUTATIONS)}
_COMMANDS = "tests/unit/functions/commands/test_checkout_command.py"
_PROCESSOR = "tests/unit/shared/messaging/test_processor.py"
_RECONCILER = "tests/unit/functions/reconciler/test_reconciler.py"
_CLAIMS = "tests/conformance/test_claims.py"
_LIFECYCLE = "tests/unit/functions/orders/test_lifecycle.py"
_REPLAY = "tests/unit/ops/dead_letters/test_service.py"
_SIGNATURE = "tests/unit/shared/messaging/test_signature.py"


def _bug(invariant: str, path: str, line: str, becomes: str, bug: str, *tests: str) -> Mutation:
    return Mutation(invariant, _PROMISES[invariant], path, line, becomes, bug, tests)


OTHERS = (
    _bug(
        "I1",
        "shared/storage/records/stock.py",
        "AtLeast(name, -units)",
        "AtLeast(name, -units - 1)",
        "the last unit is sold twice",
        f"{_COMMANDS}::test_stock_sold_between_reading_and_writing_ends_in_a_rejection",
    ),
    _bug(
        "I2",
        "functions/orders/store.py",
        "for line in order.lines\n            if line.sku in stock",
        "for line in order.lines[:1]\n            if line.sku in stock",
        "of a cancelled order only the first line comes back",
        f"{_LIFECYCLE}::test_a_cancellation_returns_every_line_of_the_order_to_its_own_stock_row",
    ),
    _bug(
        "I3",
        "functions/commands/store.py",
        "order_digest=None if order is None else order.cart_digest,",
        "order_digest=None,",
        "whether the payment has its order is not looked up",
        f"{_COMMANDS}::test_two_commands_of_one_payment_at_once_make_one_order",
    ),
    _bug(
        "I4",
        "shared/storage/records/checkout.py",
        "return Put(CHECKOUTS.name, checkout.to_item(), when=(Absent(),))",
        "return Put(CHECKOUTS.name, checkout.to_item())",
        "the second of two tabs overwrites the cart of the first",
        "tests/unit/functions/checkout/test_api.py"
        "::test_two_requests_of_one_payment_at_once_store_one_checkout",
    ),
    _bug(
        "I4",
        "shared/storage/records/checkout.py",
        '(Missing("status"),)\n',
        "()\n",
        "a command decides over a cart that the API has just accepted",
        f"{_COMMANDS}"
        "::test_command_past_the_api_does_not_overwrite_a_cart_accepted_in_the_same_moment",
    ),
    _bug(
        "I5",
        "functions/reconciler/domain.py",
        "checkout.repeated >= MAX_COMMAND_REPEATS",
        "checkout.repeated <= MAX_COMMAND_REPEATS",
        "an owed checkout is given up before its command is sent again",
        f"{_RECONCILER}"
        "::test_a_command_is_repeated_only_when_qstash_would_not_swallow_it_and_not_for_ever",
    ),
    _bug(
        "I6",
        "functions/commands/store.py",
        "decide_checkout(confirmed, accepted_digest=snapshot.checkout_digest),",
        "",
        "the order is stored, and its checkout stays undecided",
        f"{_COMMANDS}::test_an_order_comes_with_its_checkout_confirmed",
    ),
    _bug(
        "I7",
        "shared/adapters/qstash_publisher.py",
        'if not (isinstance(result, dict) and result.get("messageId"))',
        "if not isinstance(result, dict)",
        "a message that QStash refused counts as accepted",
        "tests/conformance/test_qstash_publisher.py"
        "::test_only_the_messages_that_failed_are_sent_again",
    ),
    _bug(
        "I8",
        "shared/messaging/ledger.py",
        'key = self._key(event.event_id)["id"]',
        'key = self._key(f"{event.event_id}.{attempt}")["id"]',
        "every delivery has a ledger record of its own",
        f"{_PROCESSOR}::test_commit_whose_reply_was_lost_is_found_by_the_redelivery",
    ),
    _bug(
        "I9",
        "shared/messaging/processor.py",
        "finished = False",
        "finished = False\n"
        "        self._claims.complete(event.event_id, claim.token, content=content)",
        "an event is marked done before anything is decided",
        f"{_PROCESSOR}::test_duplicate_while_the_first_attempt_is_undecided_is_never_answered_2xx",
    ),
    _bug(
        "I10",
        "shared/adapters/redis_claims.py",
        "self._run(self._release, event_id, [token])",
        "self._run(self._release, token, [token])",
        "a failed attempt gives back the claim of another key",
        f"{_CLAIMS}::test_a_released_event_can_be_claimed_again_at_once",
    ),
    _bug(
        "I11",
        "shared/adapters/redis_claims.py",
        "if held and held ~= ARGV[1] then return 0 end",
        "",
        "a stale holder marks done what another run works on",
        f"{_CLAIMS}::test_a_stale_holder_changes_nothing_for_the_one_who_took_over",
    ),
    _bug(
        "I12",
        "functions/notifications/send_once.py",
        "return self._unknown(message)\n        except (",
        'self.ledger.failed(message, "no_answer")\n            raise\n        except (',
        "no answer is taken for not sent",
        "tests/unit/functions/notifications/test_send_once.py"
        "::test_send_that_nobody_knows_the_end_of_is_recorded_as_unknown_and_never_repeated",
    ),
    _bug(
        "I13",
        "shared/messaging/transactional_outbox.py",
        "effects = decide()",
        "effects = decide()\n"
        "            now, told = self._pending._clock.now(), enumerate(effects.emits)\n"
        "            early = [emit.caused_by(event, index, now) for index, emit in told]\n"
        "            self._pending._publisher.publish(early)",
        "what follows from a decision is told before it is stored",
        f"{_PROCESSOR}::test_nothing_is_published_before_the_commit",
    ),
    _bug(
        "I14",
        "functions/notifications/domain.py",
        "recipient.strip().lower()",
        "recipient.strip()",
        "another spelling of a suppressed address is mailed",
        "tests/unit/functions/notifications/channels/email/test_feedback.py"
        "::test_after_a_report_the_address_gets_no_mail_and_the_audit_says_why",
    ),
    _bug(
        "I15",
        "shared/messaging/dead_letters/store.py",
        "return DeadLetterState.RESOLVED if handled else DeadLetterState.OPEN",
        "return DeadLetterState.RESOLVED",
        "a failed event counts as handled",
        f"{_RECONCILER}"
        "::test_a_failure_that_no_callback_reported_becomes_a_dead_letter_and_leaves_qstash",
    ),
    _bug(
        "I16",
        "functions/reconciler/dead_letter_store.py",
        "consumer=Topic.ANALYTICS.value",
        "consumer=_BY",
        "callback and pull count in two ledgers",
        f"{_RECONCILER}::test_callback_and_pull_of_the_same_message_make_one_letter_with_one_count",
    ),
    _bug(
        "I17",
        "shared/messaging/dead_letters/resend.py",
        'return f"{key}-replay-{sendings + 1}"',
        'return f"{key}-replay"',
        "every replay of a dead letter has the same deduplication id",
        f"{_REPLAY}::test_a_replay_keeps_the_event_id_and_takes_a_new_deduplication_id",
    ),
    _bug(
        "I18",
        "shared/messaging/dead_letters/resend.py",
        'if values["eventType"] != event_type:',
        "if not event_type:",
        "an event goes where its dead letter says, and not where it belongs",
        f"{_REPLAY}::test_what_is_no_whole_event_of_ours_is_not_sent",
    ),
    _bug(
        "I19",
        "functions/commands/domain.py",
        "quoted = snapshot.checkout_digest is not None",
        "quoted = True",
        "a command past the API names its own price",
        f"{_COMMANDS}::test_cart_that_cannot_be_served_is_rejected_whole",
    ),
    _bug(
        "I20",
        "shared/storage/records/order.py",
        'when=(Equals("status", order.status), *_same_contact(order)),',
        "when=_same_contact(order),",
        "an order moves from a state that it has left",
        f"{_LIFECYCLE}::test_a_cancellation_that_meets_a_shipment_lets_exactly_one_win",
    ),
    _bug(
        "I21",
        "functions/commands/service.py",
        "Emit(RefundRequested, refund_of(cart, snapshot, decision)),",
        "",
        "a rejected payment is never asked back",
        f"{_COMMANDS}::test_rejection_tells_customer_audit_and_whoever_refunds",
    ),
    _bug(
        "I22",
        "shared/storage/records/stock.py",
        'when=(Equals("alert", ARMED), AtMost(',
        "when=(*(), AtMost(",
        "of two sales at once both raise the alert",
        "tests/unit/functions/inventory/test_alerts.py"
        "::test_two_sales_across_the_threshold_at_once_raise_one_alert",
    ),
    _bug(
        "I23",
        "functions/commands/service.py",
        "metrics.ORDERS_CREATED.of(1)",
        "metrics.ORDERS_CREATED.of(len(cart.lines))",
        "lines are counted as orders",
        f"{_COMMANDS}::test_an_order_of_several_lines_is_measured_as_one_order",
    ),
    _bug(
        "I24",
        "shared/adapters/redis_claims.py",
        "return Claim(ClaimState.UNKNOWN, token=mine)",
        "return Claim(ClaimState.BUSY, retry_after=5)",
        "without Redis every event counts as held by another run",
        f"{_CLAIMS}::test_an_implementation_that_is_down_knows_nothing_and_raises_nothing",
    ),
    _bug(
        "I25",
        "shared/contracts/envelope.py",
        "if match[1] != SUPPORTED_MAJOR:",
        "if match[1] < SUPPORTED_MAJOR:",
        "a newer major version is read as this one",
        "tests/unit/shared/contracts/test_envelope.py"
        "::test_another_major_is_permanent_and_said_before_anything_else",
    ),
    _bug(
        "I26",
        "shared/messaging/signature.py",
        "for key in (keys.current, keys.following)",
        "for key in (keys.current,)",
        "QStash is a stranger as soon as it signs with the following key",
        f"{_SIGNATURE}::test_genuine_delivery_is_accepted",
    ),
    _bug(
        "I26",
        "shared/messaging/signature.py",
        'claims["body"].rstrip("=").encode("utf-8", "surrogatepass"), expected',
        "expected, expected",
        "a signature is good for any body",
        f"{_SIGNATURE}::test_another_spelling_of_the_body_is_not_the_body",
    ),
    _bug(
        "I27",
        "shared/messaging/dead_letters/answers.py",
        "(self.code, self.status) in _permanent()",
        "self.status < 500",
        "a throttled delivery counts as refused for good",
        "tests/unit/shared/messaging/dead_letters/test_answers.py"
        "::test_whatever_our_code_did_not_refuse_was_blocked",
    ),
    _bug(
        "I30",
        "shared/storage/bounded.py",
        "short][-NEWEST:]",
        "short]",
        "the newest entries grow without an end",
        "tests/unit/shared/storage/test_bounded.py"
        "::test_a_long_list_keeps_the_first_the_newest_and_the_count",
    ),
    _bug(
        "I31",
        "functions/checkout/api.py",
        "if given is None or is_id(given):",
        "from shared.kernel.ids import valid_id\n\n        if given is None or valid_id(given):",
        "a cart with an odd correlation header is turned away",
        "tests/unit/functions/checkout/test_bad_input.py"
        "::test_correlation_id_that_could_forge_a_header_gives_way_to_the_order_s_id",
    ),
)
