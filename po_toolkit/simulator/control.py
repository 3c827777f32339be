"""What a test does behind Stripe's back: pay, break the network, move the clock, look at calls."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from po_toolkit.simulator import (
    cash_balance,
    charges,
    customers,
    discounts,
    disputes,
    events,
    finalization,
    invoice_payments,
    invoices,
    payouts,
    refunds,
)
from po_toolkit.simulator.api import Api
from po_toolkit.simulator.errors import ApiError
from po_toolkit.simulator.expand import shown
from po_toolkit.simulator.lines import new_line
from po_toolkit.simulator.unproven import known
from po_toolkit.simulator.webhooks import Delivery, Webhooks
from po_toolkit.simulator.world import Account, Json, Mail, RecordedCall, World


class Control:
    """The simulator's other side; amounts are in Stripe's integer units of the currency.

    Ids are never shared between accounts, so ``account`` (an API key) is needed only for what
    concerns a whole account, and there only when the simulator has several.
    """

    def __init__(self, world: World, api: Api, webhooks: Webhooks) -> None:
        self._world = world
        self._api = api
        self._webhooks = webhooks

    # ---- sponsors, their banks and card networks

    def pay(
        self,
        invoice_id: str,
        amount: int | None = None,
        method: str = "card",
        account: str | None = None,
        *,
        settled: bool = True,
    ) -> Json:
        """Let the customer pay on the hosted page; return the invoice payment.

        Args:
            invoice_id: The invoice, open or uncollectible.
            amount: API units; less or more than what remains; None pays what remains.
            method: card or us_bank_account.
            account: The API key of its account.
            settled: False leaves a bank debit ``processing`` until :meth:`settle` or
                :meth:`bounce`.

        Raises:
            LookupError: No such invoice.
            ApiError: Stripe would refuse the payment.
        """
        with self._world.lock:
            owner = self._owner(invoice_id, account)
            invoice = owner.get("invoice", invoice_id)
            pay = invoice_payments.pay_by_customer
            return dict(pay(owner, invoice, amount, method, settled=settled))

    def settle(self, invoice_payment_id: str) -> Json:
        """Let a bank debit that is processing come in; return the invoice payment.

        Raises:
            ValueError: It is not processing.
        """
        with self._world.lock:
            owner, payment, intent = self._processing(invoice_payment_id)
            charge = charges.succeed(owner, intent)
            invoice = owner.get("invoice", payment["invoice"])
            invoice_payments.settle(owner, invoice, payment, charge["amount"])
            return dict(payment)

    def bounce(self, invoice_payment_id: str, code: str = "insufficient_funds") -> Json:
        """Let a bank debit that is processing fail; return the invoice payment.

        Raises:
            ValueError: It is not processing.
        """
        with self._world.lock:
            owner, payment, intent = self._processing(invoice_payment_id)
            charges.decline(owner, intent, code, "The bank returned the debit.")
            invoice_payments.failed(owner, owner.get("invoice", payment["invoice"]))
            return dict(payment)

    def transfer(
        self, customer_id: str, amount: int, currency: str = "usd", reference: str = ""
    ) -> Json:
        """Let a bank transfer to the customer's virtual account arrive; return its entry.

        It pays one to five open invoices that take ``customer_balance`` when it equals their sum;
        else it waits in the cash balance.

        Raises:
            LookupError: No such customer.
            ValueError: There are no bank transfers in this currency.
        """
        with self._world.lock:
            owner = self._world.account_of(customer_id)
            customer = owner.get("customer", customer_id)
            return dict(cash_balance.fund(owner, customer, amount, currency, reference))

    def apply_cash(self, invoice_id: str, amount: int) -> Json:
        """Pay an invoice, in part too, from the cash balance, as staff would in the dashboard.

        Raises:
            LookupError: No such invoice.
            ValueError: There is not so much in the balance.
            ApiError: The invoice takes no such payment.
        """
        with self._world.lock:
            owner = self._world.account_of(invoice_id)
            return dict(cash_balance.apply(owner, owner.get("invoice", invoice_id), amount))

    def dispute(
        self, payment_id: str, amount: int | None = None, reason: str = "fraudulent"
    ) -> Json:
        """Let a payment be disputed, or a settled bank debit be returned; return the dispute.

        The payment is an invoice payment, payment intent or charge; the amount is in API units,
        None for all of it; the reason is Stripe's, as fraudulent.

        Raises:
            LookupError: No such payment.
            ValueError: It cannot be disputed now.
        """
        with self._world.lock:
            owner = self._world.account_of(payment_id)
            charge = _charge_of(owner, payment_id)
            return dict(disputes.open_dispute(owner, charge, amount, reason))

    def close_dispute(self, dispute_id: str, *, won: bool) -> Json:
        """Decide a dispute; return it.

        Raises:
            ValueError: It is decided already.
        """
        with self._world.lock:
            owner = self._world.account_of(dispute_id)
            found = owner.get("dispute", dispute_id)
            disputes.close(owner, found, won=won)
            return dict(found)

    def refund(self, payment_id: str, amount: int | None = None) -> Json:
        """Refund a payment as staff would in the dashboard; return the refund.

        Raises:
            LookupError: No such payment.
            ApiError: Stripe would refuse it.
        """
        with self._world.lock:
            owner = self._world.account_of(payment_id)
            params: Json = {"charge": _charge_of(owner, payment_id)["id"]}
            if amount is not None:
                params["amount"] = amount
            return dict(refunds.create(owner, params))

    def finish_refund(self, refund_id: str, *, failed: bool = False) -> Json:
        """Let a refund arrive at the customer's bank, or come back from it; return it.

        Raises:
            ValueError: It has failed already.
        """
        with self._world.lock:
            owner = self._world.account_of(refund_id)
            found = owner.get("refund", refund_id)
            refunds.finish(owner, found, failed=failed)
            return dict(found)

    def _processing(self, payment_id: str) -> tuple[Account, Json, Json]:
        owner = self._world.account_of(payment_id)
        payment = owner.get("invoice_payment", payment_id)
        intent_id = payment["payment"].get("payment_intent")
        intent = owner.get("payment_intent", intent_id) if intent_id else {}
        if intent.get("status") != "processing":
            raise ValueError(f"{payment_id} is not processing.")
        return owner, payment, intent

    def _owner(self, object_id: str, account: str | None) -> Account:
        if account:
            return self._world.account(account)
        return self._world.account_of(object_id)

    def sell(
        self,
        amount: int,
        currency: str = "usd",
        description: str = "Ticket",
        account: str | None = None,
    ) -> Json:
        """Take a card payment that belongs to no invoice; return the charge.

        Raises:
            LookupError: Several accounts, and none named.
        """
        with self._world.lock:
            owner = self._named(account)
            intent = charges.new_intent(owner, None, amount, currency, ["card"])
            made = charges.charge(owner, intent, amount, "card", description=description)
            return dict(made)

    def settle_in(
        self, currency: str, into: str, rate: str | Decimal, account: str | None = None
    ) -> None:
        """Let what is charged in one currency be paid out in another from now on.

        The rate is units of the second for one unit of the first, both in API units.
        """
        with self._world.lock:
            self._named(account).settles[currency] = (into, Decimal(rate))

    def tax_automatically(
        self, percentages: Mapping[str, str | Decimal], account: str | None = None
    ) -> None:
        """Register the account for automatic tax: country → per cent."""
        with self._world.lock:
            found = {country: Decimal(value) for country, value in percentages.items()}
            self._named(account).automatic_taxes = found

    def payout(
        self,
        currency: str = "usd",
        amount: int | None = None,
        *,
        instant: bool = False,
        trace: str | None = "SIMTRACE000001",
        account: str | None = None,
    ) -> Json:
        """Pay out everything available, itemised; or a manual or instant amount, not itemised.

        Without an amount it is Stripe's automatic payout. An instant one has its fee; ``trace`` is
        the bank's reference that is known on arrival, None where unsupported.

        Raises:
            ValueError: There is not so much available.
        """
        with self._world.lock:
            owner = self._named(account)
            return payouts.pay_out(owner, currency, amount, instant=instant, trace=trace)

    def payout_arrives(self, payout_id: str) -> Json:
        """Let a payout reach the bank.

        Raises:
            ValueError: It is not on its way.
        """
        with self._world.lock:
            owner = self._world.account_of(payout_id)
            return payouts.arrive(owner, owner.get("payout", payout_id))

    def payout_fails(self, payout_id: str, code: str = "account_closed") -> Json:
        """Let a payout come back, also days after it was paid.

        Raises:
            ValueError: It has failed already.
        """
        with self._world.lock:
            owner = self._world.account_of(payout_id)
            return payouts.fail(owner, owner.get("payout", payout_id), code)

    def _named(self, account: str | None) -> Account:
        """Return the account of a key, or the only one.

        Raises:
            LookupError: There are several, and none is named.
        """
        if account:
            return self._world.account(account)
        if len(self._world.accounts) != 1:
            raise LookupError("Name the account by its API key: there is not exactly one.")
        return next(iter(self._world.accounts.values()))

    # ---- what staff do in the dashboard, and what an account is like

    def revise(self, invoice_id: str, amount: int | None = None) -> Json:
        """Edit an invoice: a revision replaces it, with one line of another amount if given.

        Raises:
            LookupError: No such invoice.
            ApiError: It cannot be revised.
        """
        with self._world.lock:
            owner = self._world.account_of(invoice_id)
            source = {"action": "revision", "invoice": invoice_id}
            draft = invoices.create(owner, {"from_invoice": source})
            stored = owner.get("invoice", draft["id"])
            if amount is not None:
                stored["lines"] = []
                line = {"amount": amount, "description": "As edited in the dashboard"}
                invoices.add_lines(owner, {"lines": [line]}, draft["id"])
            return dict(finalization.finalize(owner, {}, draft["id"]))

    def give_coupon(
        self,
        customer_id: str,
        percent_off: str | Decimal | None = None,
        amount_off: int | None = None,
        currency: str | None = None,
    ) -> Json:
        """Give a customer a discount on every invoice; return the customer."""
        with self._world.lock:
            owner = self._world.account_of(customer_id)
            percent = None if percent_off is None else Decimal(percent_off)
            coupon = discounts.create_coupon(
                owner,
                {"percent_off": percent, "amount_off": amount_off, "currency": currency},
            )
            customer = owner.get("customer", customer_id)
            made = discounts.give(owner, coupon, customer=customer_id, invoice=None)
            customer["discount"] = discounts.shown(made)
            return dict(customer)

    def move_balance(self, customer_id: str, amount: int, currency: str = "usd") -> Json:
        """Book a credit (negative) or a debit (positive) on a customer's balance."""
        with self._world.lock:
            owner = self._world.account_of(customer_id)
            params = {"amount": amount, "currency": currency}
            return dict(customers.create_balance_move(owner, params, customer_id))

    def apply_credit(self, invoice_id: str, amount: int, *, as_paid: bool = False) -> Json:
        """Use the customer's credit on an open invoice, which lowers what is due or is paid."""
        with self._world.lock:
            owner = self._world.account_of(invoice_id)
            invoice = owner.get("invoice", invoice_id)
            return finalization.apply_credit(owner, invoice, amount, as_paid=as_paid)

    def charge_without_intent(
        self,
        amount: int,
        currency: str = "usd",
        invoice_id: str | None = None,
        account: str | None = None,
    ) -> Json:
        """Take a card payment that has no payment intent, for an invoice or for none."""
        with self._world.lock:
            if invoice_id is None:
                owner = self._named(account)
                return dict(charges.charge_without_intent(owner, None, amount, currency))
            owner = self._world.account_of(invoice_id)
            invoice = owner.get("invoice", invoice_id)
            made = charges.charge_without_intent(owner, invoice["customer"], amount, currency)
            invoice_payments.attach_charge(owner, invoice, made)
            return dict(made)

    def foreign_invoice(
        self, amount: int, currency: str, account: str | None = None, *, paid: bool = False
    ) -> Json:
        """Let another system on the account bill somebody, in any currency and any amount.

        It passes by all checks: old invoices hold what Stripe refuses today.
        """
        with self._world.lock:
            owner = self._named(account)
            buyer = customers.create(owner, {"name": "Somebody else", "email": "x@example.org"})
            draft = invoices.create(
                owner,
                {"customer": buyer["id"], "currency": currency, "days_until_due": 30,
                 "collection_method": "send_invoice", "auto_advance": False},
            )  # fmt: skip
            stored = owner.get("invoice", draft["id"])
            fake = {"id": stored["id"], "currency": "usd", "automatic_tax": {}}
            line = new_line(owner, fake, {"amount": amount, "description": "Tickets"}, "")
            stored["lines"] = [{**line, "currency": currency}]
            finalization.make_final(owner, stored)
            if paid:
                stored["payment_settings"]["payment_method_types"] = None
                charge = charges.charge_without_intent(owner, buyer["id"], amount, currency)
                invoice_payments.attach_charge(owner, stored, charge)
            return dict(shown(owner, stored))

    def add_key(self, key: str, account: str, permissions: Collection[str] | None = None) -> str:
        """Give an account one more key, also a live one or a restricted one; return its id.

        A key of the other mode sees no object of this mode. Permissions are what a restricted key
        may do, e.g. ``invoice_write``; None: everything.
        """
        with self._world.lock:
            return self._world.add_key(key, self._world.account(account), permissions).account.id

    def switch(self, name: str, on: bool = True, account: str | None = None) -> None:
        """Turn an unproven behaviour on or off (:mod:`po_toolkit.simulator.unproven`).

        Raises:
            ValueError: No such switch.
        """
        with self._world.lock:
            switches = self._named(account).switches
            (switches.add if on else switches.discard)(known(name))

    def set_api_version(self, version: str, account: str | None = None) -> None:
        """Shape the account's events from now on by another API version."""
        with self._world.lock:
            self._named(account).api_version = version

    def hold_events(self, account: str | None = None, *, on: bool = True) -> None:
        """Keep the events from now on: they are neither listed nor delivered until released.

        ``on=False`` lets what happens from now on be listed again, before what is held.
        """
        with self._world.lock:
            self._named(account).holds_events = on

    def release_events(self, order: Sequence[int] | None = None, account: str | None = None) -> int:
        """List and deliver the held events, in another order if given; return how many."""
        with self._world.lock:
            owner = self._named(account)
            owner.holds_events = False
            return events.release(owner, order)

    # ---- the world

    def advance(self, seconds: float) -> int:
        """Move the simulator's clock ahead, with what Stripe does by itself meanwhile."""
        with self._world.lock:
            self._world.clock.advance(seconds)
            for account in self._world.accounts.values():
                finalization.advance_drafts(account)
            return self._world.clock.now()

    def calls(self) -> list[RecordedCall]:
        """Return the API calls so far, oldest first."""
        with self._world.lock:
            return list(self._world.calls)

    def clear_calls(self) -> None:
        """Forget the calls so far."""
        with self._world.lock:
            self._world.calls.clear()

    def mails(self) -> list[Mail]:
        """Return what would have been mailed in live mode, oldest first."""
        with self._world.lock:
            return [mail for a in self._world.accounts.values() for mail in a.mails]

    def fail(
        self,
        path: str = "/v1/*",
        method: str = "POST",
        kind: str = "drop_before",
        times: int = 1,
        skip: int = 0,
    ) -> None:
        """Let the next ``times`` matching calls go wrong, after ``skip`` that pass.

        ``*`` in the path or as the method stands for anything, as in ``/v1/invoices/*/add_lines``.

        Raises:
            ValueError: No such kind.
        """
        self._api.faults.add(path, method, kind, times, skip)

    def clear_faults(self) -> None:
        """Let everything work again."""
        self._api.faults.clear()

    def revoke_key(self, account: str, *, revoked: bool = True) -> None:
        """Let Stripe refuse an API key (``account``) from now on, or accept it again."""
        with self._world.lock:
            self._world.key(account).revoked = revoked

    def send_webhooks_to(
        self, url: str, secret: str | Sequence[str], account: str | None = None
    ) -> None:
        """Send events from now on to a URL; several secrets sign while one rolls."""
        secrets = (secret,) if isinstance(secret, str) else tuple(secret)
        self._webhooks.register(url, secrets, account or "")

    def stop_webhooks(self, account: str | None = None) -> None:
        """Remove the endpoints registered for an account (or for all), and what waits for them."""
        self._webhooks.remove(account or "")

    def pending(self) -> list[Json]:
        """Return the events that no endpoint has acknowledged."""
        return self._webhooks.pending()

    def deliver(self, events: Sequence[str] | None = None) -> list[Delivery]:
        """Post the pending events; or these, in this order, also again."""
        if events is None:
            return self._webhooks.deliver_pending()
        delivered: list[Delivery] = []
        for event_id in events:
            with self._world.lock:
                account = self._world.account_of(event_id)
                event = account.get("event", event_id)
            delivered += self._webhooks.deliver_again(account, [event])
        return delivered

    def get(self, object_id: str, account: str | None = None) -> Json:
        """Return any object as the API would show it, without a call.

        Raises:
            LookupError: No account holds it.
        """
        with self._world.lock:
            owner = self._owner(object_id, account)
            found = owner.find(object_id)
            if found is None:
                raise LookupError(f"The account holds no {object_id}.")
            return dict(shown(owner, found))

    def all(self, noun: str, account: str | None = None) -> list[Json]:
        """Return all objects of one kind, e.g. ``invoice``, oldest first."""
        with self._world.lock:
            owners = [self._world.account(account)] if account else self._world.accounts.values()
            return [shown(owner, kept) for owner in owners for kept in owner.all(noun).values()]


def _charge_of(account: Account, payment_id: str) -> Json:
    """Return the charge behind an invoice payment, a payment intent, or itself.

    Raises:
        LookupError: There is none.
    """
    found = account.find(payment_id) or {}
    if found.get("object") == "invoice_payment":
        paid_by = found["payment"]
        found = account.find(paid_by.get("payment_intent") or paid_by.get("charge") or "") or {}
    if found.get("object") == "payment_intent":
        found = account.find(found["latest_charge"] or "") or {}
    if found.get("object") != "charge":
        raise LookupError(f"{payment_id} has no charge.")
    return found


def acts_of(control: Control) -> list[str]:
    """Return the names of the control's acts."""
    return [n for n in dir(control) if not n.startswith("_") and callable(getattr(control, n))]


def routes(control: Control) -> list[Route]:
    """Return the addresses under ``/_sim/``: the body holds an act's arguments as JSON."""
    acts = acts_of(control)

    async def act(request: Request) -> Response:
        name = request.path_params["act"]
        if name not in acts:
            return JSONResponse({"error": f"No such act; there are {', '.join(acts)}."}, 404)
        body = await request.body()
        try:
            arguments = json.loads(body) if body else {}
            result = await run_in_threadpool(getattr(control, name), **arguments)
        except ApiError as error:
            return JSONResponse({"error": error.message}, 400)
        except (LookupError, TypeError, ValueError) as error:
            return JSONResponse({"error": str(error)}, 400)
        return JSONResponse({"result": _plain(result)})

    async def index(_request: Request) -> Response:
        return JSONResponse({"acts": acts})

    return [
        Route("/_sim/", index, methods=["GET"]),
        Route("/_sim/{act}", act, methods=["GET", "POST"]),
    ]


def _plain(result: Any) -> Any:
    """Turn dataclasses into what JSON can hold."""
    if isinstance(result, list):
        return [_plain(entry) for entry in result]
    if dataclasses.is_dataclass(result) and not isinstance(result, type):
        return dataclasses.asdict(result)
    return result
