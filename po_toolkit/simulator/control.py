"""What a test does behind Stripe's back: pay, break the network, move the clock, look at calls."""

from __future__ import annotations

from collections.abc import Sequence

from po_toolkit.simulator import finalization
from po_toolkit.simulator.account_acts import AccountActs
from po_toolkit.simulator.api import Api
from po_toolkit.simulator.expand import shown
from po_toolkit.simulator.sponsor_acts import SponsorActs
from po_toolkit.simulator.webhooks import Delivery, Webhooks
from po_toolkit.simulator.world import Json, Mail, RecordedCall, World


class Control(SponsorActs, AccountActs):
    """The simulator's other side; amounts are in Stripe's integer units of the currency."""

    def __init__(self, world: World, api: Api, webhooks: Webhooks) -> None:
        super().__init__(world)
        self._api = api
        self._webhooks = webhooks

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

        Args:
            path: Where; ``*`` stands for anything, as in ``/v1/invoices/*/add_lines``.
            method: GET, POST, DELETE or ``*``.
            kind: One of :data:`po_toolkit.simulator.faults.Kind`.
            times: How many calls fail.
            skip: How many matching calls pass before.

        Raises:
            ValueError: No such kind.
        """
        self._api.faults.add(path, method, kind, times, skip)

    def clear_faults(self) -> None:
        """Let everything work again."""
        self._api.faults.clear()

    def revoke_key(self, account: str, *, revoked: bool = True) -> None:
        """Let Stripe refuse an API key from now on, or accept it again."""
        with self._world.lock:
            self._world.account(account).revoked = revoked

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
