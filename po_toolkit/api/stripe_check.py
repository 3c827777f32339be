"""Tries out on a real test account what po-toolkit believes about Stripe.

Short scenes are played under customers of their own, with a test-mode key only, and cleaned up
afterwards. Each belief that money depends on comes out as held, broken or not tried. The beliefs,
with their evidence and what the product does if one is wrong, are in ``docs/stripe-beliefs.md``.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Any

from po_toolkit.bootstrap import OpenConference
from po_toolkit.errors import (
    SettingsError,
    StripeAuthenticationError,
    StripeGatewayError,
    StripeNotFoundError,
    StripeRefusedError,
)
from po_toolkit.stripe_gateway import StripeGateway
from po_toolkit.stripe_gateway.client import API_VERSION

Json = dict[str, Any]

EMAIL = "stripe-check@po-toolkit.example"
"""Marks the customers of a check, also those that an interrupted one left behind."""

NAME = "po-toolkit stripe-check"
TEST_KEYS = ("sk_test_", "rk_test_")
PATIENCE_SECONDS = 20
"""How long something is awaited that Stripe does in the background."""


class Outcome(StrEnum):
    """How a belief came out."""

    HELD = "held"
    BROKEN = "broken"
    NOT_TRIED = "not tried"


@dataclass(frozen=True)
class Finding:
    """What a scene found out about one belief.

    Attributes:
        belief: Its name, as in ``docs/stripe-beliefs.md``.
        statement: What po-toolkit believes.
        outcome: Whether Stripe did so.
        detail: What Stripe did instead, or why it was not tried.
        meaning: What a broken belief means for the user.
    """

    belief: str
    statement: str
    outcome: Outcome
    detail: str
    meaning: str

    def as_json(self) -> Json:
        """Return it as JSON can hold it."""
        return {
            "belief": self.belief,
            "statement": self.statement,
            "outcome": self.outcome.value,
            "detail": self.detail,
            "meaning": self.meaning if self.outcome is Outcome.BROKEN else "",
        }


@dataclass(frozen=True)
class CheckReport:
    """The result of one check.

    Attributes:
        account: Stripe's id of the account, or "" where the key may not read it.
        left: Objects that could not be cleaned up.
    """

    account: str
    api_version: str
    started: datetime
    findings: list[Finding]
    left: list[str]
    calls: int

    def count(self, outcome: Outcome) -> int:
        """Return how many beliefs came out so."""
        return sum(finding.outcome is outcome for finding in self.findings)

    def as_json(self) -> Json:
        """Return it as JSON can hold it."""
        return {
            "account": self.account,
            "api_version": self.api_version,
            "started": self.started.isoformat(),
            "held": self.count(Outcome.HELD),
            "broken": self.count(Outcome.BROKEN),
            "not_tried": self.count(Outcome.NOT_TRIED),
            "findings": [finding.as_json() for finding in self.findings],
            "left": self.left,
            "stripe_calls": self.calls,
        }


def check_stripe(
    opened: OpenConference,
    *,
    wait: Callable[[float], None] = time.sleep,
    progress: Callable[[str], None] = lambda _scene: None,
) -> CheckReport:
    """Play every scene on the conference's Stripe account, which must be a test account.

    ``wait`` waits some seconds for what Stripe does in the background; ``progress`` is called
    with each scene before it begins.

    Raises:
        SettingsError: The key is no test-mode key; nothing was called.
        StripeGatewayError: The key is refused, or Stripe cannot be reached.
    """
    refuse_other_than_test_keys(opened)
    gateway = opened.gateway
    calls = gateway.calls
    account = _account(gateway)
    stage = _Stage(gateway, int(opened.now().timestamp()), wait)
    stage.clean_up_earlier()
    findings: list[Finding] = []
    for scene in SCENES:
        progress(scene.title)
        findings += _play(stage, scene)
    left = stage.clean_up()
    return CheckReport(
        account, API_VERSION, opened.now(), findings, left, calls=gateway.calls - calls
    )


def refuse_other_than_test_keys(opened: OpenConference) -> None:
    """Make sure that a check moves no real money.

    Raises:
        SettingsError: The conference's key is not a test-mode key.
    """
    key = opened.settings.stripe_secret_key.get_secret_value()
    if not key.startswith(TEST_KEYS):
        raise SettingsError(
            f"Conference {opened.slug} has no test-mode key ({' or '.join(TEST_KEYS)}…), so "
            f"nothing was called: the check creates invoices and payments. Put a test-mode key of "
            f"the same Stripe account into a separate conference and name that one."
        )


def _account(gateway: StripeGateway) -> str:
    try:
        return str(gateway.read("/v1/account")["id"])
    except StripeAuthenticationError as error:
        if "rak_" in str(error) or "permission" in str(error):
            return ""
        raise


# ---- beliefs and scenes

_BELIEFS: dict[str, tuple[str, str]] = {
    "lines_add_up": (
        "An invoice's total is the sum of its lines, each quantity times unit price.",
        "Sending stops with a mismatch, and the invoice stays a draft. Nothing wrong is sent.",
    ),
    "page_of_100": (
        "A page of a list has at most 100 objects.",
        "Nothing is lost: pages are followed to the end, however long they are.",
    ),
    "pending_items_stay_out": (
        "Pending invoice items of a customer stay out of an invoice that excludes them.",
        "Sponsors with pending items cannot be invoiced until the items are removed at Stripe.",
    ),
    "texts_fit": (
        (
            "Memo 1,500, footer 5,000, number 26, and four custom fields of 40 and 140 characters "
            "are taken."
        ),
        "Long texts stop an invoice before it is sent; shorten them.",
    ),
    "three_decimals": (
        "KWD amounts must end in 0.",
        "Nothing is lost: po-toolkit refuses such amounts at import.",
    ),
    "too_small": (
        "Below the minimum an invoice is marked paid, and the customer owes it from then on.",
        "Nothing is lost: po-toolkit refuses such amounts at import.",
    ),
    "lines_250": (
        "250 lines fit into one invoice and one call.",
        "Purchase orders with many lines cannot be invoiced; lower max_invoice_lines.",
    ),
    "discounts_emptied": (
        "An empty discounts parameter keeps a discount off an invoice.",
        "Sponsors with a coupon cannot be invoiced until the coupon is removed at Stripe.",
    ),
    "send_leaves_auto_advance": (
        "Sending an invoice leaves auto_advance off.",
        "Stripe may remind sponsors by itself, beside po-toolkit's reminders.",
    ),
    "ended_not_sent": (
        "A void or paid invoice cannot be sent again.",
        "Nothing is lost: po-toolkit refuses to send it again.",
    ),
    "auto_advance_after_sending": (
        "auto_advance can be turned on after sending.",
        "Bank transfers are not reconciled by Stripe; apply them in Stripe's dashboard.",
    ),
    "cash_waits": (
        "A bank transfer waits while auto_advance is off.",
        "Nothing is lost: transfers pay invoices sooner than expected.",
    ),
    "cash_pays_when_turned_on": (
        "Turning auto_advance on applies money that waits already.",
        (
            "Money that arrived before waits in the cash balance; reconcile names it, and it is "
            "applied in Stripe's dashboard."
        ),
    ),
    "record_pays": (
        "A payment record of the amount due marks the invoice paid.",
        "Wires and checks are in the books only; sponsors' invoice pages keep asking.",
    ),
    "record_above": (
        "A payment record above the amount remaining is attached; the excess becomes credit.",
        (
            "A larger wire is attached as far as the invoice needs it; the rest stays in the books "
            "here and is shown as overpaid."
        ),
    ),
    "record_uncollectible": (
        "A payment record can be attached to an uncollectible invoice.",
        "A wire for a written-off invoice stays in the books here; it is not reported to Stripe.",
    ),
    "record_without_customer": (
        "A payment record needs no customer.",
        "Nothing is lost: po-toolkit names the customer in each record.",
    ),
    "overpaid_included": (
        "The amount paid of an invoice payment includes what was paid too much.",
        "Overpayments are read from the invoice's amount_overpaid instead.",
    ),
    "partial_payment": (
        "Part of an invoice can be paid; the rest stays open and each part is listed.",
        "Payments in parts may be missing in the books; do a full sync and compare.",
    ),
    "payment_filter": (
        "Invoice payments can be found by their payment intent.",
        "Refunds and disputes cannot be assigned to purchase orders by a plain sync.",
    ),
    "refund_lowers_credit": (
        "A refund lowers what can still be credited.",
        "Credit notes work for larger amounts than po-toolkit offers.",
    ),
    "credit_links_refund": (
        "A credit note can link a refund made before, and emails nobody when asked not to.",
        "After a refund, cancel and credit-note fail; issue the credit note in the dashboard.",
    ),
    "credit_applied": (
        "Credit on a customer lowers the next invoice, and the balance transactions show it.",
        "Credit that sponsors used may be shown as still available.",
    ),
    "starting_balance_kept": (
        "A finalized invoice still shows its starting balance.",
        "Nothing is lost: what was used is read from the customer's balance transactions.",
    ),
    "credit_given_back": (
        "Voiding an invoice gives the credit that it used back to the customer.",
        "The sponsor's credit is gone; give it back in Stripe's dashboard, then sync.",
    ),
    "debit_raises": (
        "What a customer owes from before is added to the amount due.",
        "Nothing is lost: the sponsor is asked for exactly the invoice's total.",
    ),
    "expanded_only": (
        "Balances in other currencies and money outside Stripe come only when expanded.",
        "Nothing is lost: the fields are there in any case.",
    ),
    "revision_voids": (
        "Editing a sent invoice makes a revision; the old invoice becomes void and names it.",
        "An invoice edited in the dashboard can look cancelled; adopt the new one by hand.",
    ),
    "revision_metadata": (
        "A revision carries the metadata of the invoice it replaces.",
        "An edited invoice is found only by its link to the old one.",
    ),
    "links": (
        "A sent invoice has a hosted page and a PDF, and reading it again gives links.",
        "Links cannot be shown or delivered.",
    ),
    "event_version": (
        f"Events have the shape of API version {API_VERSION}.",
        "Nothing is lost: objects are fetched again, which takes one more call for each payment.",
    ),
    "events_listed": (
        "A sent invoice is in the list of events, filtered by type.",
        "A sync can miss changes; run a full sync.",
    ),
    "success_replayed": (
        "The same key and body give the same answer, and nothing is done twice.",
        "Do not use po-toolkit on this account: after a lost answer something may be done twice.",
    ),
    "refusal_replayed": (
        "A refusal is repeated for the same idempotency key.",
        "Nothing is lost: po-toolkit never uses a key again after a refusal.",
    ),
    "other_body_refused": (
        "The same key with another body is refused.",
        "Do not use po-toolkit on this account: a changed request could be answered by an old one.",
    ),
    "lists_consistent": (
        "A new object is in the list at once.",
        "The look before billing can miss an invoice that was created seconds ago.",
    ),
    "email_filter": (
        "Customers are found by email exactly as it is spelled.",
        "Nothing is lost: customers are found more often than expected.",
    ),
    "tax_by_line": (
        "Tax is rounded on each line, then added.",
        (
            "Totals with tax differ by cents; sending stops with a mismatch. Set the account's tax "
            "rounding to line items in Stripe's tax settings."
        ),
    ),
    "isk_whole": (
        "ISK amounts that do not end in 00 are refused.",
        "Nothing is lost: po-toolkit refuses them at import.",
    ),
    "ugx_whole": (
        "UGX amounts that do not end in 00 are refused.",
        "Nothing is lost: po-toolkit refuses them at import.",
    ),
    "too_large": (
        "An invoice above the currency's maximum is marked paid and moved to the balance.",
        "Nothing is lost: po-toolkit refuses such amounts at import.",
    ),
    "void_needs_no_payment": (
        "An invoice with a payment cannot be voided.",
        "A paid invoice could be voided by mistake; check cancelled orders for payments.",
    ),
    "only_drafts_deleted": (
        "Only drafts can be deleted.",
        "An invoice that Stripe does not have may have been deleted there.",
    ),
    "trace_id": (
        "Payouts that arrived carry the bank's trace id.",
        "Payouts are matched with bank lines by amount and date only.",
    ),
}
"""Each belief's statement, and what it means for the user when it is broken."""


@dataclass(frozen=True)
class _Scene:
    title: str
    beliefs: tuple[str, ...]
    play: Callable[[_Stage], Iterator[_Seen]]


@dataclass(frozen=True)
class _Seen:
    """What a scene saw; ``held`` None means that it could not be tried."""

    belief: str
    held: bool | None
    detail: str = ""


SCENES: list[_Scene] = []


def _scene(
    title: str, *beliefs: str
) -> Callable[[Callable[[_Stage], Iterator[_Seen]]], Callable[[_Stage], Iterator[_Seen]]]:
    def register(
        play: Callable[[_Stage], Iterator[_Seen]],
    ) -> Callable[[_Stage], Iterator[_Seen]]:
        SCENES.append(_Scene(title, beliefs, play))
        return play

    return register


def _play(stage: _Stage, scene: _Scene) -> list[Finding]:
    """Return a finding for each of a scene's beliefs; what the scene did not reach is not tried."""
    seen: dict[str, _Seen] = {}
    reason = "The scene did not get so far."
    try:
        for one in scene.play(stage):
            seen[one.belief] = one
    except StripeGatewayError as error:
        reason = str(error)
    return [_finding(seen.get(name, _Seen(name, None, reason))) for name in scene.beliefs]


def _finding(seen: _Seen) -> Finding:
    statement, meaning = _BELIEFS[seen.belief]
    outcome = {True: Outcome.HELD, False: Outcome.BROKEN, None: Outcome.NOT_TRIED}[seen.held]
    detail = "" if outcome is Outcome.HELD else seen.detail
    return Finding(seen.belief, statement, outcome, detail, meaning)


@dataclass
class _Stage:
    """The account, what a check made there, and short ways to make more."""

    gateway: StripeGateway
    now: int
    wait: Callable[[float], None]
    run: str = field(default_factory=lambda: uuid.uuid4().hex)
    customers: list[str] = field(default_factory=list)
    coupons: list[str] = field(default_factory=list)
    tax_rates: list[str] = field(default_factory=list)
    writes: int = 0

    def write(self, path: str, body: Mapping[str, Any], *, key: str = "") -> Json:
        self.writes += 1
        key = key or f"stripe-check-{self.run}-{self.writes}"
        return self.gateway.write(path, body, idempotency_key=key)

    def read(self, path: str, *expand: str) -> Json:
        return self.gateway.read(path, {"expand": list(expand)} if expand else {})

    def rows(self, path: str, query: Mapping[str, Any]) -> list[Json]:
        rows: list[Json] = self.gateway.read(path, {"limit": 100, **query})["data"]
        return rows

    def customer(self, email: str = EMAIL) -> str:
        body = {"name": NAME, "email": email, "metadata": {"stripe_check": self.run}}
        made = str(self.write("/v1/customers", body)["id"])
        self.customers.append(made)
        return made

    def draft(
        self,
        *amounts: int,
        customer: str = "",
        currency: str = "usd",
        line: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> Json:
        """Make a draft as po-toolkit makes one; amounts in Stripe's units."""
        body: Json = {
            "customer": customer or self.customer(),
            "currency": currency,
            "collection_method": "send_invoice",
            "days_until_due": 30,
            "auto_advance": False,
            "pending_invoice_items_behavior": "exclude",
            "metadata": {"stripe_check": self.run},
            "discounts": "",
            **more,
        }
        made = self.write("/v1/invoices", body)
        lines = [_line(amount, currency, **(line or {})) for amount in amounts or (10_000,)]
        return self.write(f"/v1/invoices/{made['id']}/add_lines", {"lines": lines})

    def sent(self, *amounts: int, **more: Any) -> Json:
        made = self.draft(*amounts, **more)
        return self.write(f"/v1/invoices/{made['id']}/send", {})

    def invoice(self, invoice: Json, *expand: str) -> Json:
        return self.read(f"/v1/invoices/{invoice['id']}", *expand)

    def record(self, invoice: Json, amount: int, *, customer: bool = True) -> Json:
        """Report money that came outside Stripe, and attach it to an invoice."""
        body: Json = {
            "amount_requested": {"value": amount, "currency": invoice["currency"]},
            "initiated_at": self.now,
            "outcome": "guaranteed",
            "guaranteed": {"guaranteed_at": self.now},
            "payment_method_details": {"type": "custom", "custom": {"display_name": "Wire"}},
        }
        if customer:
            body["customer_details"] = {"customer": invoice["customer"]}
        record = self.write("/v1/payment_records/report_payment", body)
        path = f"/v1/invoices/{invoice['id']}/attach_payment"
        return self.write(path, {"payment_record": record["id"]})

    def pay(self, invoice: Json, amount: int) -> str:
        """Pay by Stripe's test card; return the payment intent."""
        intent = self.write(
            "/v1/payment_intents",
            {
                "amount": amount,
                "currency": invoice["currency"],
                "customer": invoice["customer"],
                "payment_method_types": ["card"],
                "payment_method": "pm_card_visa",
                "confirm": True,
            },
        )
        path = f"/v1/invoices/{invoice['id']}/attach_payment"
        self.write(path, {"payment_intent": intent["id"]})
        return str(intent["id"])

    def until(self, done: Callable[[], bool]) -> bool:
        """Wait for something that Stripe does in the background."""
        for waited in range(PATIENCE_SECONDS + 1):
            if done():
                return True
            if waited < PATIENCE_SECONDS:
                self.wait(1)
        return False

    def clean_up_earlier(self) -> None:
        """Remove what an interrupted check left behind."""
        rows = self.rows("/v1/customers", {"email": EMAIL})
        self.customers += [row["id"] for row in rows if row.get("name") == NAME]
        self.clean_up()

    def clean_up(self) -> list[str]:
        """Void or delete this check's invoices, then its customers and coupons; return the rest.

        Paid invoices cannot be removed; they stay under the deleted customers.
        """
        left: list[str] = []
        for customer in self.customers:
            left += self._clean_customer(customer)
        for coupon in self.coupons:
            left += _try(coupon, partial(self.gateway.delete, f"/v1/coupons/{coupon}"))
        for rate in self.tax_rates:
            archive = partial(self.write, f"/v1/tax_rates/{rate}", {"active": False})
            left += _try(rate, archive)
        self.customers, self.coupons, self.tax_rates = [], [], []
        return left

    def _clean_customer(self, customer: str) -> list[str]:
        left: list[str] = []
        for row in self.rows("/v1/invoices", {"customer": customer}):
            path = f"/v1/invoices/{row['id']}"
            if row["status"] == "draft":
                left += _try(row["id"], partial(self.gateway.delete, path))
            elif row["status"] in {"open", "uncollectible"} and not row["amount_paid"]:
                left += _try(row["id"], partial(self.write, f"{path}/void", {}))
        left += _try(customer, lambda: self.gateway.delete(f"/v1/customers/{customer}"))
        return left


def _line(amount: int, currency: str, **more: Any) -> Json:
    price = {
        "currency": currency,
        "product_data": {"name": "Check"},
        "unit_amount_decimal": str(amount),
    }
    return {"description": "Check", "quantity": 1, "price_data": price, **more}


def _try(name: str, act: Callable[[], Any]) -> list[str]:
    try:
        act()
    except StripeNotFoundError:
        return []
    except StripeRefusedError:
        return [name]
    return []


def _refusal(act: Callable[[], Any]) -> str:
    """Return why Stripe refused, or "" where it did not."""
    try:
        act()
    except StripeRefusedError as error:
        return str(error)
    return ""


def _equal(belief: str, found: Any, expected: Any) -> _Seen:
    return _Seen(belief, found == expected, f"expected {expected!r}, Stripe says {found!r}")


# ---- drafts


@_scene("Lines", "lines_add_up", "lines_250")
def _lines(stage: _Stage) -> Iterator[_Seen]:
    draft = stage.draft(3_333, 3_333, 3_334, line={"quantity": 3})
    yield _equal("lines_add_up", (draft["total"], draft["amount_due"]), (30_000, 30_000))
    refused = ""
    try:
        many = stage.draft(*[100] * 250)
    except StripeRefusedError as error:
        refused = str(error)
    if refused:
        yield _Seen("lines_250", False, refused)
    else:
        yield _equal("lines_250", many["total"], 25_000)


@_scene("Pending items", "pending_items_stay_out")
def _pending(stage: _Stage) -> Iterator[_Seen]:
    customer = stage.customer()
    item = {"customer": customer, "amount": 500, "currency": "usd", "description": "Check"}
    stage.write("/v1/invoiceitems", item)
    draft = stage.draft(customer=customer)
    yield _equal("pending_items_stay_out", draft["total"], 10_000)


@_scene("Texts", "texts_fit")
def _texts(stage: _Stage) -> Iterator[_Seen]:
    fields = [{"name": f"{n}" * 40, "value": "v" * 140} for n in range(4)]
    longest: Json = {"description": "d" * 1500, "footer": "f" * 5000, "custom_fields": fields}
    number = f"CHECK-{stage.run}"[:26]
    refused = _refusal(lambda: stage.draft(**longest, number=number))
    yield _Seen("texts_fit", not refused, refused)


@_scene("Discounts", "discounts_emptied")
def _discounts(stage: _Stage) -> Iterator[_Seen]:
    coupon = stage.write("/v1/coupons", {"percent_off": 10, "duration": "forever"})["id"]
    stage.coupons.append(coupon)
    draft = stage.draft(discounts=[{"coupon": coupon}])
    after = stage.write(f"/v1/invoices/{draft['id']}", {"discounts": ""})
    yield _equal("discounts_emptied", (draft["total"], after["total"]), (9_000, 10_000))


@_scene("Currencies without cents", "isk_whole", "ugx_whole")
def _whole_currencies(stage: _Stage) -> Iterator[_Seen]:
    customer = stage.customer()
    for belief, currency in (("isk_whole", "isk"), ("ugx_whole", "ugx")):

        def final(currency: str = currency) -> None:
            draft = stage.draft(12_345, customer=customer, currency=currency)
            stage.write(f"/v1/invoices/{draft['id']}/finalize", {})

        yield _Seen(belief, bool(_refusal(final)), "an amount not ending in 00 was taken")


@_scene("A currency with three decimals", "three_decimals")
def _three_decimals(stage: _Stage) -> Iterator[_Seen]:
    def final() -> None:
        draft = stage.draft(12_345, currency="kwd")
        stage.write(f"/v1/invoices/{draft['id']}/finalize", {})

    yield _Seen("three_decimals", bool(_refusal(final)), "an amount not ending in 0 was taken")


@_scene("Tax", "tax_by_line")
def _tax(stage: _Stage) -> Iterator[_Seen]:
    body = {"display_name": "Check", "percentage": "10", "inclusive": False}
    rate = stage.write("/v1/tax_rates", body)["id"]
    stage.tax_rates.append(rate)
    draft = stage.draft(105, 105, 105, 105, default_tax_rates=[rate])
    yield _equal("tax_by_line", draft["total"] - draft["subtotal"], 44)


@_scene("Deleting", "only_drafts_deleted")
def _deleting(stage: _Stage) -> Iterator[_Seen]:
    sent = stage.sent()
    refused = _refusal(lambda: stage.gateway.delete(f"/v1/invoices/{sent['id']}"))
    yield _Seen("only_drafts_deleted", bool(refused), "a sent invoice was deleted")


@_scene("The largest amount", "too_large")
def _too_large(stage: _Stage) -> Iterator[_Seen]:
    draft = stage.draft(100_000_000)
    try:
        done = stage.write(f"/v1/invoices/{draft['id']}/finalize", {})
    except StripeRefusedError as error:
        yield _Seen("too_large", False, str(error))
        return
    yield _equal("too_large", (done["status"], done["amount_due"]), ("paid", 0))


@_scene("The smallest amount", "too_small")
def _too_small(stage: _Stage) -> Iterator[_Seen]:
    customer = stage.customer()
    draft = stage.draft(10, customer=customer)
    done = stage.write(f"/v1/invoices/{draft['id']}/finalize", {})
    moves = stage.rows(f"/v1/customers/{customer}/balance_transactions", {})
    found = (done["status"], done["amount_due"], [(m["type"], m["amount"]) for m in moves])
    yield _equal("too_small", found, ("paid", 0, [("invoice_too_small", 10)]))


# ---- sending


@_scene("Sending", "send_leaves_auto_advance", "auto_advance_after_sending", "links")
def _sending(stage: _Stage) -> Iterator[_Seen]:
    sent = stage.sent()
    yield _equal("send_leaves_auto_advance", stage.invoice(sent)["auto_advance"], False)
    stage.write(f"/v1/invoices/{sent['id']}", {"auto_advance": True})
    again = stage.invoice(sent)
    yield _equal("auto_advance_after_sending", again["auto_advance"], True)
    links = [bool(again.get(name)) for name in ("hosted_invoice_url", "invoice_pdf")]
    yield _equal("links", links, [True, True])


@_scene("Sending again", "ended_not_sent")
def _ended(stage: _Stage) -> Iterator[_Seen]:
    void, paid = stage.sent(), stage.sent()
    stage.write(f"/v1/invoices/{void['id']}/void", {})
    stage.record(paid, 10_000)
    refused = [
        _refusal(partial(stage.write, f"/v1/invoices/{i['id']}/send", {})) for i in (void, paid)
    ]
    found = ["refused" if why else "sent" for why in refused]
    yield _equal("ended_not_sent", found, ["refused", "refused"])


@_scene("Bank transfers", "cash_waits", "cash_pays_when_turned_on")
def _transfers(stage: _Stage) -> Iterator[_Seen]:
    customer = stage.customer()
    options = {
        "funding_type": "bank_transfer",
        "bank_transfer": {"type": "us_bank_transfer"},
    }
    settings = {
        "payment_method_types": ["customer_balance"],
        "payment_method_options": {"customer_balance": options},
    }
    sent = stage.sent(customer=customer, payment_settings=settings)
    if stage.invoice(sent)["auto_advance"]:
        stage.write(f"/v1/invoices/{sent['id']}", {"auto_advance": False})
    path = f"/v1/test_helpers/customers/{customer}/fund_cash_balance"
    stage.write(path, {"amount": 10_000, "currency": "usd"})
    stage.wait(5)
    waits = stage.invoice(sent)["status"] == "open"
    yield _Seen("cash_waits", waits, "the invoice was paid while auto_advance was off")
    if waits:
        stage.write(f"/v1/invoices/{sent['id']}", {"auto_advance": True})
        paid = stage.until(lambda: bool(stage.invoice(sent)["status"] == "paid"))
        detail = f"the invoice was still open after {PATIENCE_SECONDS} seconds"
        yield _Seen("cash_pays_when_turned_on", paid, detail)


# ---- money


@_scene("Payment records", "record_pays", "record_without_customer", "record_uncollectible")
def _records(stage: _Stage) -> Iterator[_Seen]:
    yield _equal("record_pays", stage.record(stage.sent(), 10_000)["status"], "paid")
    sent = stage.sent()
    refused = _refusal(lambda: stage.record(sent, 10_000, customer=False))
    yield _Seen("record_without_customer", not refused, refused)
    written_off = stage.sent()
    stage.write(f"/v1/invoices/{written_off['id']}/mark_uncollectible", {})
    refused = _refusal(lambda: stage.record(written_off, 10_000))
    yield _Seen("record_uncollectible", not refused, refused)


@_scene(
    "Too much paid",
    "record_above",
    "overpaid_included",
    "credit_applied",
    "starting_balance_kept",
)
def _too_much(stage: _Stage) -> Iterator[_Seen]:
    customer = stage.customer()
    sent = stage.sent(customer=customer)
    refused = _refusal(lambda: stage.record(sent, 12_000))
    yield _Seen("record_above", not refused, refused)
    if refused:
        credit = {"amount": -2_000, "currency": "usd"}
        stage.write(f"/v1/customers/{customer}/balance_transactions", credit)
    else:
        payments = stage.invoice(sent, "payments")["payments"]["data"]
        paid = [p["amount_paid"] for p in payments if p["status"] == "paid"]
        yield _equal("overpaid_included", paid, [12_000])
    following = stage.sent(customer=customer)
    moves = stage.rows(f"/v1/customers/{customer}/balance_transactions", {})
    used = [m["amount"] for m in moves if m["type"] == "applied_to_invoice"]
    yield _equal("credit_applied", (following["amount_due"], used), (8_000, [2_000]))
    shown = stage.invoice(following)["starting_balance"]
    yield _equal("starting_balance_kept", shown, -2_000)


@_scene("Credit of a void invoice", "credit_given_back")
def _credit_given_back(stage: _Stage) -> Iterator[_Seen]:
    customer = stage.customer()
    path = f"/v1/customers/{customer}/balance_transactions"
    stage.write(path, {"amount": -2_000, "currency": "usd"})
    sent = stage.sent(customer=customer)
    stage.write(f"/v1/invoices/{sent['id']}/void", {})
    on_it = [(m["type"], m["amount"]) for m in stage.rows(path, {"invoice": sent["id"]})]
    found = (stage.read(f"/v1/customers/{customer}")["balance"], on_it)
    moved = [("unapplied_from_invoice", -2_000), ("applied_to_invoice", 2_000)]
    yield _equal("credit_given_back", found, (-2_000, moved))


@_scene("A debit from before", "debit_raises", "expanded_only")
def _debit(stage: _Stage) -> Iterator[_Seen]:
    customer = stage.customer()
    path = f"/v1/customers/{customer}/balance_transactions"
    stage.write(path, {"amount": 50, "currency": "usd"})
    sent = stage.sent(customer=customer)
    yield _equal("debit_raises", (sent["total"], sent["amount_due"]), (10_000, 10_050))
    plain = stage.read(f"/v1/customers/{customer}")
    asked = stage.read(f"/v1/customers/{customer}", "invoice_credit_balance")
    bare = stage.invoice(sent)
    full = stage.invoice(sent, "amount_paid_off_stripe")
    found = [
        "invoice_credit_balance" in plain,
        "invoice_credit_balance" in asked,
        "amount_paid_off_stripe" in bare,
        "amount_paid_off_stripe" in full,
    ]
    yield _equal("expanded_only", found, [False, True, False, True])


@_scene("Payment in parts", "partial_payment", "payment_filter", "void_needs_no_payment")
def _parts(stage: _Stage) -> Iterator[_Seen]:
    sent = stage.sent()
    intent = stage.pay(sent, 2_500)
    after = stage.invoice(sent)
    found = (after["status"], after["amount_paid"], after["amount_remaining"])
    yield _equal("partial_payment", found, ("open", 2_500, 7_500))
    query = {"payment": {"type": "payment_intent", "payment_intent": intent}}
    rows = stage.rows("/v1/invoice_payments", query)
    yield _equal("payment_filter", [row["invoice"] for row in rows], [sent["id"]])
    refused = _refusal(lambda: stage.write(f"/v1/invoices/{sent['id']}/void", {}))
    yield _Seen("void_needs_no_payment", bool(refused), "an invoice with a payment was voided")


@_scene("Refund, then credit note", "refund_lowers_credit", "credit_links_refund")
def _refund(stage: _Stage) -> Iterator[_Seen]:
    sent = stage.sent()
    intent = stage.pay(sent, 10_000)
    refund = stage.write("/v1/refunds", {"payment_intent": intent, "amount": 6_000})["id"]

    def note(amount: int, **more: Any) -> Json:
        body = {"invoice": sent["id"], "amount": amount, "email_type": "none", **more}
        return stage.write("/v1/credit_notes", body)

    refused = _refusal(lambda: note(4_001, out_of_band_amount=4_001))
    yield _Seen("refund_lowers_credit", bool(refused), "the whole amount could still be credited")
    link = {"type": "refund", "refund": refund, "amount_refunded": 5_000}
    refused = _refusal(lambda: note(5_000, refunds=[link]))
    yield _Seen("credit_links_refund", not refused, refused)


@_scene("A revision", "revision_voids", "revision_metadata")
def _revision(stage: _Stage) -> Iterator[_Seen]:
    sent = stage.sent()
    source = {"action": "revision", "invoice": sent["id"]}
    draft = stage.write("/v1/invoices", {"from_invoice": source})
    final = stage.write(f"/v1/invoices/{draft['id']}/finalize", {})
    old = stage.invoice(sent)
    found = (old["status"], old["latest_revision"])
    yield _equal("revision_voids", found, ("void", final["id"]))
    yield _equal("revision_metadata", final["metadata"], sent["metadata"])


# ---- the API itself


@_scene("Events", "events_listed", "event_version")
def _events(stage: _Stage) -> Iterator[_Seen]:
    sent = stage.sent()
    found: list[Json] = []

    def listed() -> bool:
        rows = stage.rows("/v1/events", {"types": ["invoice.sent", "invoice.finalized"]})
        found[:] = [row for row in rows if row["data"]["object"]["id"] == sent["id"]]
        return {row["type"] for row in found} == {"invoice.sent", "invoice.finalized"}

    detail = f"not in the list after {PATIENCE_SECONDS} seconds"
    yield _Seen("events_listed", stage.until(listed), detail)
    if found:
        yield _equal("event_version", found[0]["api_version"], API_VERSION)


@_scene("Idempotency keys", "success_replayed", "other_body_refused", "refusal_replayed")
def _idempotency(stage: _Stage) -> Iterator[_Seen]:
    customer = stage.customer()
    path, body = "/v1/customers", {"name": NAME, "email": EMAIL}
    key = f"stripe-check-{stage.run}-twice"
    ids = {stage.write(path, body, key=key)["id"] for _ in range(2)}
    stage.customers += sorted(ids)
    yield _equal("success_replayed", len(ids), 1)
    other = _refusal(lambda: stage.write(path, {**body, "phone": "1"}, key=key))
    yield _Seen("other_body_refused", bool(other), "another body was taken under the same key")
    draft = stage.draft(customer=customer)
    path, key = f"/v1/invoices/{draft['id']}/mark_uncollectible", f"stripe-check-{stage.run}-400"
    first = _refusal(lambda: stage.write(path, {}, key=key))
    stage.write(f"/v1/invoices/{draft['id']}/finalize", {})
    second = _refusal(lambda: stage.write(path, {}, key=key))
    if first:
        detail = "the same key ran the request again after a refusal"
        yield _Seen("refusal_replayed", bool(second), detail)


@_scene("Lists", "lists_consistent", "email_filter")
def _lists(stage: _Stage) -> Iterator[_Seen]:
    customer = stage.customer()
    draft = stage.draft(customer=customer)
    rows = stage.rows("/v1/invoices", {"customer": customer})
    yield _equal("lists_consistent", [row["id"] for row in rows], [draft["id"]])
    spelled = f"Stripe-Check.{stage.run[:8]}@po-toolkit.example"
    other = stage.customer(spelled)
    found = [
        [row["id"] for row in stage.rows("/v1/customers", {"email": email})]
        for email in (spelled, spelled.lower())
    ]
    yield _equal("email_filter", found, [[other], []])


@_scene("Pages", "page_of_100")
def _pages(stage: _Stage) -> Iterator[_Seen]:
    refused = _refusal(lambda: stage.gateway.read("/v1/customers", {"limit": 101}))
    yield _Seen("page_of_100", bool(refused), "a page of 101 objects was given")


@_scene("Payouts", "trace_id")
def _payouts(stage: _Stage) -> Iterator[_Seen]:
    rows = stage.rows("/v1/payouts", {"status": "paid"})
    traces = [(row.get("trace_id") or {}).get("status") for row in rows]
    if "supported" in traces:
        yield _Seen("trace_id", held=True)
    else:
        detail = "the account has no payout that arrived" if not rows else (
            f"{len(rows)} payouts arrived, none with a trace id; ids come up to ten days late"
        )  # fmt: skip
        yield _Seen("trace_id", None, detail)


def beliefs() -> Iterable[str]:
    """Return the names of all beliefs that the scenes try."""
    return _BELIEFS.keys()
