"""What happens in an account apart from its invoices: ticket sales, exchange, payouts."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from po_toolkit.simulator import charges, payouts
from po_toolkit.simulator.world import Account, Json, World


class AccountActs:
    """The control's acts on a whole account, named by its API key.

    Amounts are in Stripe's integer units of the currency.
    """

    def __init__(self, world: World) -> None:
        self._world = world

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

        Args:
            currency: What sponsors pay in.
            into: What the bank account holds.
            rate: Units of the second for one unit of the first, both in API units.
            account: The API key.
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

        Args:
            currency: The settlement currency.
            amount: None for Stripe's automatic payout of everything available.
            instant: An instant payout, with its fee.
            trace: The bank's reference that is known on arrival; None where unsupported.
            account: The API key.

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
