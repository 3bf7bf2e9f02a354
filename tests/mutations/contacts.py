"""Planted bugs of contact data that changes: no simulation corrects any, so their tests alone hold them."""

from tests.mutations.catalog import Mutation

_TESTS = "tests/unit/functions/orders/test_contact.py"
_API = "tests/unit/functions/checkout/test_contact.py"
_PAYMENT = "tests/unit/functions/test_payment_of_somebody_else.py"
_BOUND = "A payment stays bound to the contact data of its first request."
_UNTIL_SHIPPED = "Contact data is corrected until the parcel leaves, and the newest word counts."
_NOT_SILENT = "No correction is silent, and none is another person's."

CONTACTS = (
    Mutation(
        "S40",
        _BOUND,
        "shared/commerce/payment_identity.py",
        "return order.placed_identity or digests_of(",
        "return digests_of(",
        "after a correction the first request is another one",
        (f"{_TESTS}::test_after_a_correction_the_first_request_is_still_the_payment_s",),
    ),
    Mutation(
        "S40",
        _BOUND,
        "shared/commerce/payment_identity.py",
        'CONTACT = ("customerName", "customerEmail", "customerAddress")\n_TEXTS = ("userId", *CONTACT)',
        'CONTACT = ("customerName", "customerEmail", "customerAddress")\n_TEXTS = ("userId",)',
        "a checkout that is repeated with another contact is the same one",
        (f"{_PAYMENT}::test_what_reads_otherwise_is_another_request_and_is_refused_in_both_ways",),
    ),
    Mutation(
        "S40",
        _UNTIL_SHIPPED,
        "shared/storage/records/order.py",
        'when=(Equals("status", order.status), *told.when),',
        "when=told.when,",
        "a correction is written over an order that left meanwhile",
        (f"{_TESTS}::test_a_shipment_between_reading_and_writing_wins",),
    ),
    Mutation(
        "S40",
        _UNTIL_SHIPPED,
        "shared/storage/records/order.py",
        'when=(Equals("status", order.status), *_same_contact(order)),',
        'when=(Equals("status", order.status),),',
        "a step is mailed to the address of before, though it was corrected meanwhile",
        (f"{_TESTS}::test_a_correction_between_reading_and_writing_of_a_step_is_told_by_its_mail",),
    ),
    Mutation(
        "S40",
        _UNTIL_SHIPPED,
        "functions/orders/contact_service.py",
        'if at > order.contact_at.get(name, "")',
        "if at",
        "an older word wins because it arrives later",
        (f"{_TESTS}::test_the_newest_word_on_a_field_counts_in_whatever_order_they_arrive",),
    ),
    Mutation(
        "S40",
        _NOT_SILENT,
        "functions/orders/contact_events.py",
        "    return [corrected, notice]\n",
        "    return [corrected]\n",
        "the old mailbox does not hear that its order goes elsewhere",
        (
            f"{_TESTS}::test_the_mail_goes_to_the_new_address_and_a_notice_without_it_to_the_old",
            f"{_API}::test_many_corrections_at_once_are_no_more_than_a_few",
        ),
    ),
    Mutation(
        "S40",
        _NOT_SILENT,
        "functions/orders/contact_events.py",
        '{"orderId": order.order_id, "customerName": order.customer_name},',
        '{"orderId": order.order_id, "customerName": news.get("customerName", "")},',
        "the notice tells the old mailbox the new name",
        (f"{_TESTS}::test_the_mail_goes_to_the_new_address_and_a_notice_without_it_to_the_old",),
    ),
    Mutation(
        "S40",
        _NOT_SILENT,
        "functions/orders/contact_service.py",
        '    if payload.user_id != order.user_id:\n        raise StoredFactError(["payload.userId"])\n',
        "",
        "a correction that names another user sends the parcel elsewhere",
        (
            f"{_TESTS}::test_a_correction_that_names_another_user_is_refused_by_name_and_changes_nothing",
        ),
    ),
    Mutation(
        "S40",
        _NOT_SILENT,
        "functions/orders/domain.py",
        "    if by_customer and not may_customer_correct(order):\n        return Verdict.CAPPED\n",
        "",
        "one order mails a whole list of addresses",
        (
            f"{_TESTS}::test_a_customer_corrects_a_few_times_and_then_asks_the_shop",
            f"{_API}::test_many_corrections_at_once_are_no_more_than_a_few",
        ),
    ),
)
