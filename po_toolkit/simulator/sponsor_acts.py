"""What sponsors, their banks and card networks do: pay, fail to pay, take the money back."""

from __future__ import annotations

from po_toolkit.simulator import cash_balance, charges, disputes, invoice_payments, refunds
from po_toolkit.simulator.world import Account, Json, World


class SponsorActs:
    """The money side of the control; amounts are in Stripe's integer units of the currency.

    Ids are never shared between accounts, so ``account`` (an API key) is needed nowhere; it is
    taken where a caller has it at hand.
    """

    def __init__(self, world: World) -> None:
        self._world = world

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

        Args:
            payment_id: An invoice payment, payment intent or charge.
            amount: API units; None disputes all of it.
            reason: Stripe's, e.g. fraudulent or insufficient_funds.

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


def _charge_of(account: Account, payment_id: str) -> Json:
    """Return the charge behind an invoice payment, a payment intent, or itself.

    Raises:
        LookupError: There is none.
    """
    found = account.find(payment_id) or {}
    if found.get("object") == "invoice_payment":
        found = account.find(found["payment"].get("payment_intent", "")) or {}
    if found.get("object") == "payment_intent":
        found = account.find(found["latest_charge"] or "") or {}
    if found.get("object") != "charge":
        raise LookupError(f"{payment_id} has no charge.")
    return found
