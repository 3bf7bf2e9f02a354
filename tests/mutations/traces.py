"""Planted bugs of promises against attackers: what they break, no simulation looks for, so their
tests alone hold them (`test_attacks.py`)."""

from tests.mutations.catalog import Mutation

_TRACE = "tests/unit/shared/contracts/test_trace.py"
_STRANGERS = "tests/unit/ops/trace/test_strangers.py"
_ODD = "tests/unit/ops/test_odd_rows.py"
_ATTRIBUTES = "tests/unit/shared/adapters/test_attributes.py"
_REST = "test_the_rest_of_the_item_is_read_and_the_odd_attribute_says_what_it_is"
_APART = "Traces are keyed by us."
_STOPS = "One row stops no other."
_LEGIBLE = "What is stored is shown and not obeyed."
_LINES = "Strangers' text is in no log line, and each record is one line."

TRACES = (
    Mutation(
        "S19",
        _LEGIBLE,
        "ops/dead_letters/view.py",
        "            *map(harmless, event),",
        "            *event,",
        "an event that is no JSON is printed as it is",
        (f"{_ODD}::test_nothing_of_a_row_moves_a_terminal_or_begins_a_line",),
    ),
    Mutation(
        "S19",
        _LEGIBLE,
        "ops/mail/cli.py",
        '{harmless(done.resolution)}"',
        '{done.resolution}"',
        "a decision is printed as it is stored",
        (f"{_ODD}::test_the_state_that_an_order_or_a_mail_is_in_is_shown_and_not_obeyed",),
    ),
    Mutation(
        "S33",
        _STOPS,
        "ops/refunds/store.py",
        "read_rows(CHECKOUTS.name, items, _refund)",
        "map(_refund, items)",
        "one refund that cannot be read hides the others",
        (f"{_ODD}::test_an_odd_row_is_told_and_the_others_are_listed",),
    ),
    Mutation(
        "S33",
        _STOPS,
        "shared/adapters/attributes.py",
        "    except _OddKindError as odd:",
        "    except ZeroDivisionError as odd:",
        "an attribute of another kind stops the page that it is on",
        (f"{_ATTRIBUTES}::{_REST}",),
    ),
    Mutation(
        "S33",
        _STOPS,
        "ops/dead_letters/service.py",
        "        except UnreadableRowError as odd:\n            return Outcome(selected",
        "        except ZeroDivisionError as odd:\n            return Outcome(selected",
        "a replay ends at the dead letter that broke after it was selected",
        (f"{_ODD}::test_a_letter_that_breaks_between_selection_and_sending_stops_no_other",),
    ),
    Mutation(
        "S34",
        _LINES,
        "shared/messaging/dead_letters/keep.py",
        "dead_letter.topic if dead_letter.topic in _TOPICS else",
        "dead_letter.topic or",
        "the topic that a report names is logged as it came",
        ("tests/unit/functions/analytics/test_reported_topic.py",),
    ),
    Mutation(
        "S34",
        _LINES,
        "shared/storage/odd.py",
        'name if _NAME.fullmatch(name) else "*"',
        "name",
        "the name of an odd attribute is logged, whatever it is",
        (f"{_ATTRIBUTES}::test_a_name_that_is_no_name_and_a_value_are_in_no_message",),
    ),
    Mutation(
        "S43",
        _APART,
        "shared/messaging/ledger.py",
        "TRACE_KEY: trace,",
        "TRACE_KEY: event.correlation_id or event.event_id,",
        "a caller's correlation id is the key of a trace",
        (f"{_STRANGERS}::test_every_record_of_an_order_is_under_its_id_in_every_topic",),
    ),
    Mutation(
        "S43",
        _APART,
        "shared/messaging/outbox.py",
        "trace_id=handed_on(trace_of(cause), self.payload),",
        "trace_id=None,",
        "an event that names no order begins a trace of its own",
        (f"{_STRANGERS}::test_every_record_of_an_order_is_under_its_id_in_every_topic",),
    ),
    Mutation(
        "S43",
        _APART,
        "shared/contracts/trace.py",
        'return caused_event_id(event_id, "trace", 0) if may_be_order_id(event_id) else event_id',
        "return event_id",
        "an event that is called like an order gets into its trace",
        (f"{_TRACE}::test_an_event_id_that_looks_like_an_order_begins_no_trace_of_that_order",),
    ),
    Mutation(
        "S43",
        _APART,
        "ops/trace/chain.py",
        'return "customer" if text(first, "eventId") in ours else "program"',
        'return "customer"',
        "what another program says of an order passes for what followed from its checkout",
        (f"{_STRANGERS}::test_what_another_program_says_of_an_order_is_told_apart",),
    ),
)
