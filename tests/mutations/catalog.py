"""For each invariant: the line that protects it, the bug that removing it makes, and the tests that
must go red. `test_planted_bugs.py` plants every one of them in a copy of the code."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mutation:
    """One planted bug.

    Args:
        promise: the invariant in a sentence.
        path: the product file.
        line: the protecting text, exactly as it stands there, once.
        becomes: what it is replaced with.
        bug: the bug in a few words.
        tests: what must fail then.
        strangers: whether only a story with strangers shows it: chaos then plays those.
    """

    invariant: str
    promise: str
    path: str
    line: str
    becomes: str
    bug: str
    tests: tuple[str, ...]
    strangers: bool = False

    @property
    def name(self) -> str:
        """What the bug is known by."""
        return f"{self.invariant} ({self.bug})"


_COMMANDS = "tests/unit/functions/commands/test_checkout_command.py"
_PROCESSING = "tests/unit/shared/messaging/test_processor.py"
_HELD = "tests/unit/shared/test_processing_claims.py"
_RECONCILER = "tests/unit/functions/reconciler/test_reconciler.py"
_SENDING = "tests/unit/functions/notifications/test_send_once.py"
_WAITING = "tests/unit/functions/orders/test_waiting.py"
_REPLAY = "tests/unit/ops/dead_letters/test_service.py"

MUTATIONS = (
    Mutation(
        "I1",
        "Stock is never below zero.",
        "shared/storage/records/stock.py",
        "when=taken,",
        "when=(),",
        "stock is decremented whatever is left",
        (f"{_COMMANDS}::test_stock_sold_between_reading_and_writing_ends_in_a_rejection",),
    ),
    Mutation(
        "I2",
        "Stock and the lines of live orders always add up.",
        "shared/storage/records/stock.py",
        "available=reserved - units, reserved=-reserved",
        "available=reserved - 1, reserved=-reserved",
        "one unit is taken, whatever was bought",
        (
            (
                "tests/unit/functions/commands/test_stock_invariants.py"
                "::test_stock_sold_and_left_always_add_up"
            ),
        ),
    ),
    Mutation(
        "I3",
        "At most one order per payment, for ever.",
        "shared/commerce/cart.py",
        "order_id, other_id = ids.both(payload.payment_id)",
        'order_id, other_id = ids.both(f"{payload.payment_id}{id(payload)}")',
        "every attempt gets an order id of its own",
        (f"{_COMMANDS}::test_payment_that_has_its_order_makes_no_second_one_under_any_event",),
    ),
    Mutation(
        "I4",
        "The same payment with another cart is refused; the first order stays.",
        "functions/commands/domain.py",
        "if fields := _contradicted(cart, snapshot):",
        "if fields := [name for name in _contradicted(cart, snapshot) if not name]:",
        "the carts are not compared",
        (
            (
                f"{_COMMANDS}::test_payment_of_another_cart_is_refused_for_good"
                "_and_the_first_order_stays"
            ),
        ),
    ),
    Mutation(
        "I5",
        "Every 202 ends confirmed, rejected, or visible to operators.",
        "functions/checkout/store.py",
        "pending_shard=shard_of(cart.order_id),",
        "",
        "an accepted checkout leaves no trace for the reconciler",
        (
            (
                f"{_RECONCILER}::test_an_accepted_checkout_whose_command_never_left_is_published"
                "_and_becomes_an_order"
            ),
        ),
    ),
    Mutation(
        "I6",
        "Order, stock and outbox: all or none.",
        "shared/messaging/ledger.py",
        "self._tables.transact([Put(LEDGER.name, item, when=(Absent(),)), *effects.writes])",
        "[self._tables.transact([w]) "
        "for w in (*effects.writes, Put(LEDGER.name, item, when=(Absent(),)))]",
        "the writes commit one by one",
        ("tests/unit/functions/test_crashes.py::test_one_crash_anywhere_is_healed_by_redelivery",),
    ),
    Mutation(
        "I7",
        "What a committed decision emits is accepted by QStash at least once.",
        "shared/messaging/processor.py",
        "published = self._outbox.publish(",
        "published = 0 if duplicate else self._outbox.publish(",
        "a redelivery takes committed for done",
        (f"{_PROCESSING}::test_publish_that_fails_after_the_commit_is_healed_by_the_redelivery",),
    ),
    Mutation(
        "I7",
        "No record is marked as published before QStash took its events.",
        "shared/messaging/transactional_outbox.py",
        "self._publisher.publish(messages)",
        "[self._finish(record, 1) for record in owing]\n            self._publisher.publish(messages)",
        "a record is finished before its events are published",
        (
            (
                "tests/unit/shared/messaging/test_transactional_outbox.py"
                "::test_what_qstash_did_not_take_finishes_no_record_and_is_told_to_no_log"
            ),
        ),
    ),
    Mutation(
        "I8",
        "Each effect of an event happens once in the stores, however often it is delivered.",
        "shared/messaging/ledger.py",
        "[Put(LEDGER.name, item, when=(Absent(),)), *effects.writes]",
        "[Put(LEDGER.name, item), *effects.writes]",
        "the ledger record overwrites the one before",
        (f"{_PROCESSING}::test_duplicate_is_known_by_the_ledger_when_redis_knows_nothing",),
    ),
    Mutation(
        "I9",
        "A duplicate is never answered 2xx while the first attempt is undecided.",
        "shared/messaging/processor.py",
        'raise BusyError("another run holds this event", retry_after=claim.retry_after)',
        'return Handled(duplicate=True, outcome="busy", published=0)',
        "busy is acknowledged as a duplicate",
        (
            (
                f"{_PROCESSING}::test_duplicate_while_the_first_attempt_is_undecided"
                "_is_never_answered_2xx"
            ),
        ),
    ),
    Mutation(
        "I10",
        "A failed attempt releases its claim, and the next one really runs.",
        "shared/messaging/processor.py",
        "if not finished and claim.token:",
        "if finished and claim.token:",
        "a failure keeps its claim for a lease",
        (f"{_HELD}::test_failed_attempt_releases_its_claim_so_that_the_next_one_really_runs",),
    ),
    Mutation(
        "I11",
        "Who lost its lease cannot touch what the next holder does.",
        "shared/adapters/redis_claims.py",
        "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end",
        "",
        "a stale holder's release lets a third run in",
        (
            (
                "tests/conformance/test_claims.py"
                "::test_a_stale_holder_changes_nothing_for_the_one_who_took_over"
            ),
        ),
    ),
    Mutation(
        "I12",
        "A mail is sent at most once, or recorded as unknown.",
        "functions/notifications/send_ledger.py",
        'if held is not None and held["state"] == SendState.FAILED.value:',
        "if held is not None:",
        "any run may claim a send, at any time",
        (
            f"{_SENDING}::test_run_killed_after_the_send_leaves_an_unknown_and_no_second_mail",
            f"{_SENDING}::test_two_runs_at_once_send_one_mail",
        ),
    ),
    Mutation(
        "I13",
        "No person is told of an order that does not exist.",
        "functions/commands/events.py",
        'template="order-rejected",',
        'template="order-confirmation",',
        "a rejected checkout is confirmed by mail",
        (f"{_COMMANDS}::test_no_confirmation_is_mailed_for_a_rejected_checkout",),
    ),
    Mutation(
        "I14",
        "A suppressed address is never mailed.",
        "functions/notifications/send_once.py",
        "if self.ledger.is_suppressed(message.recipient):",
        "if self.ledger.is_suppressed(message.recipient) and not message.recipient:",
        "the suppression list is not read",
        (
            (
                "tests/unit/functions/notifications/channels/email/test_feedback.py"
                "::test_a_bounce_that_arrives_between_claim_and_send_still_counts"
            ),
        ),
    ),
    Mutation(
        "I15",
        "A failed event never vanishes.",
        "functions/reconciler/service.py",
        "self._each(self._pull(report), deadline, report)",
        "",
        "failures that no callback reported stay in QStash until they expire there",
        (
            (
                f"{_RECONCILER}::test_a_failure_that_no_callback_reported_becomes_a_dead_letter"
                "_and_leaves_qstash"
            ),
        ),
    ),
    Mutation(
        "I16",
        "One dead letter per event: callback, pull and repetition converge.",
        "shared/messaging/dead_letters/report.py",
        'event_id=caused_event_id(failed.message_id, "analytics.dlq", 0),',
        'event_id=caused_event_id(f"{reported_by}-{failed.message_id}", "analytics.dlq", 0),',
        "callback and pull count the same failure twice",
        (
            (
                f"{_RECONCILER}::test_callback_and_pull_of_the_same_message"
                "_make_one_letter_with_one_count"
            ),
        ),
    ),
    Mutation(
        "I17",
        "Replaying any dead letters, any number of times, equals replaying each once.",
        "shared/storage/records/dead_letter.py",
        'when=(Equals("state", row.state.value), *told.when),',
        "when=(),",
        "two operators send the same dead letter",
        (f"{_REPLAY}::test_of_two_operators_that_read_the_same_letter_one_gets_it",),
    ),
    Mutation(
        "I18",
        "A replay goes only to the configured address of the event's topic.",
        "shared/messaging/dead_letters/resend.py",
        "if topic_of(event_type).value != topic:",
        "if not topic:",
        "a topic from outside the list is taken at its word",
        (f"{_REPLAY}::test_what_is_no_whole_event_of_ours_is_not_sent",),
    ),
    Mutation(
        "I19",
        "What is charged is the catalogue's price times the quantity.",
        "functions/checkout/domain.py",
        "if row.price != line.price:",
        "if row.price < 0:",
        "the client names the price",
        ("tests/unit/functions/checkout/test_api.py",),
    ),
    Mutation(
        "I20",
        "An order's state moves along allowed edges only; late and repeated events change nothing.",
        "shared/storage/records/order.py",
        'set={"updatedAt": entry.at, **joins, **told.set},',
        'set={"updatedAt": entry.at, "status": "CONFIRMED", **told.set},',
        "an announcement moves the order",
        (
            (
                "tests/unit/functions/orders/test_timeline.py"
                "::test_announcement_changes_nothing_of_the_order_but_its_timeline"
            ),
        ),
    ),
    Mutation(
        "I21",
        "A rejected paid checkout asks for its refund exactly once.",
        "functions/orders/service.py",
        "    if asked:",
        "    if asked and not payload.order_id:",
        "an earlier request for the same money is not looked for",
        (
            (
                "tests/unit/functions/orders/test_timeline.py"
                "::test_rejected_payment_is_asked_back_once_however_often_that_is_told"
            ),
        ),
    ),
    Mutation(
        "I22",
        "One low-stock alert per fall to the threshold; none from stale events.",
        "functions/inventory/domain.py",
        "if row.is_low and row.alert == ARMED:",
        "if row.is_low:",
        "every sale below the threshold alerts",
        (
            (
                "tests/unit/functions/inventory/test_alerts.py"
                "::test_alerts_are_the_falls_that_were_seen_whatever_the_order_of_events"
            ),
        ),
    ),
    Mutation(
        "I23",
        "Counters equal a recount of distinct events.",
        "shared/messaging/processor.py",
        "return entry.decide(event)",
        "effects = entry.decide(event)\n"
        "            for measure in effects.measures: self._telemetry.measure(measure)\n"
        "            return effects",
        "metrics are written before the decision is durable",
        (f"{_PROCESSING}::test_metrics_are_written_for_the_decision_and_not_for_its_duplicates",),
    ),
    Mutation(
        "I24",
        "Redis lost, flushed or wrong changes latency, never a result.",
        "shared/messaging/claims.py",
        "genuine = self._is_genuine(value, event_id, content)",
        "genuine = True",
        "any mark in Redis is believed",
        (f"{_HELD}::test_value_that_somebody_else_wrote_to_redis_never_loses_an_event",),
    ),
    Mutation(
        "I25",
        "Neighbouring versions read each other; an unknown major is refused by name.",
        "shared/contracts/envelope.py",
        'extra="ignore",',
        'extra="forbid",',
        "a field that a newer version added is an error",
        (
            "tests/unit/shared/contracts/test_envelope.py::test_unknown_fields_are_ignored_at_every_level",
        ),
    ),
    Mutation(
        "I26",
        "Nothing is accepted without a valid signature for this very address.",
        "shared/messaging/signature.py",
        'if claims["sub"] not in urls:',
        "if not urls:",
        "a token for another topic is accepted",
        ("tests/unit/shared/messaging/test_signature.py",),
    ),
    Mutation(
        "I27",
        "What the platform refused is delivered again without a person.",
        "functions/reconciler/service.py",
        "self._each(self._due(shard, report), deadline, report)",
        "pass",
        "what was throttled waits for an operator to replay it",
        (
            (
                "tests/unit/functions/reconciler/test_redelivery.py"
                "::test_two_hundred_events_of_five_throttled_minutes_all_heal"
            ),
        ),
    ),
    Mutation(
        "I28",
        "An event that comes before what it follows upon waits for it, and is then applied.",
        "functions/orders/domain.py",
        'raise PredecessorMissingError(f"{event_type}: waits until the order is {needed}")',
        "return Verdict.LATE",
        "a step that comes early is acknowledged and dropped",
        (f"{_WAITING}::test_a_life_told_backwards_is_lived_forwards_and_loses_no_fact",),
    ),
    Mutation(
        "I28",
        "An event that comes before its order is never refused for good while that can still come.",
        "functions/orders/domain.py",
        'return PredecessorMissingError(f"payload.orderId: waits for the checkout of {order_id}")',
        'return NotFoundError(f"payload.orderId: there is no order {order_id}")',
        "an event about an order that is not there yet is refused for good",
        (f"{_WAITING}::test_an_event_that_overtook_its_checkout_waits",),
    ),
    Mutation(
        "I29",
        "One event id says one thing: other content under it is refused, never called a duplicate.",
        "shared/messaging/ledger.py",
        "if may_be_same(record.content, said):",
        "if record.key:",
        "what two events of one id say is not compared",
        ("tests/unit/shared/test_one_id_one_content.py",),
    ),
    Mutation(
        "I29",
        "One payment has one contact: another name or address under it is refused.",
        "functions/checkout/service.py",
        "if fields or stored.digest != cart.digest:",
        "if stored.digest != cart.digest:",
        "a corrected address is accepted and silently ignored",
        (
            (
                "tests/unit/functions/test_payment_of_somebody_else.py"
                "::test_the_api_names_what_differs_and_keeps_what_was_first"
            ),
        ),
    ),
    Mutation(
        "I30",
        "No item grows without bound, and nothing that is ignored stops a real step.",
        "shared/storage/bounded.py",
        "if count < FIRST:",
        "if count >= 0:",
        "every ignored event is kept with its order for ever",
        (
            (
                "tests/unit/functions/orders/test_bounded_timeline.py"
                "::test_a_flood_of_ignored_events_leaves_the_item_small_and_the_next_step_possible"
            ),
        ),
    ),
    Mutation(
        "I31",
        "What only diagnoses or decorates never decides about an order.",
        "shared/contracts/envelope.py",
        "correlation_id: Annotated[Id | None, OR_NONE] = None",
        "correlation_id: Id | None = None",
        "a paid cart is refused for an odd correlation id",
        ("tests/unit/functions/test_odd_diagnostics.py",),
    ),
)
