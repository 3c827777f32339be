"""One API call from its arrival to its answer: key, limits, faults, idempotency, the endpoint."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from po_toolkit.simulator import accounts, expand, parameters, routes
from po_toolkit.simulator.errors import ApiError, internal, malformed
from po_toolkit.simulator.idempotency import Answer, Keys, in_use
from po_toolkit.simulator.limits import Faults, Kind, RateLimits, lock_timeout, rate_limited
from po_toolkit.simulator.world import API_VERSION, Account, Key, RecordedCall, World

_KEY = re.compile(r"(sk|rk)_(test|live)_[A-Za-z0-9_]+")
_log = logging.getLogger("po_toolkit.simulator")


class ConnectionDropped(Exception):  # noqa: N818 - it happens to a client, it is no error of ours
    """The client gets no answer at all."""


@dataclass(frozen=True)
class Arrived:
    """A call as it came in."""

    method: str
    path: str
    encoded: str
    key: str
    version: str
    authorization: str
    connect: str
    request_id: str

    @property
    def canonical(self) -> str:
        """The parameters in an order of their own, for comparison under one key."""
        return json.dumps(sorted(parse_qsl(self.encoded, keep_blank_values=True)))


class Api:
    """Serves Stripe's API from one world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.faults = Faults()
        self._keys = Keys()
        self._limits = RateLimits()

    async def answer(self, request: Request) -> Response:
        """Answer one call.

        Raises:
            ConnectionDropped: A fault cuts the connection instead.
        """
        call = await self._arrive(request)
        account_key, replayed, status = "", False, 0
        try:
            account = self._authenticate(call)
            account_key = account.key
            response, replayed = await self._serve(account, call)
            status = response.status_code
        except ApiError as error:
            live = "_live_" in account_key
            answer = _refusal(error, call.request_id, live=live)
            response = _response(answer, call, extra=error.headers)
            status = response.status_code
        finally:
            recorded = RecordedCall(call.method, call.path, account_key, call.key, status, replayed)
            with self.world.lock:
                self.world.calls.append(recorded)
        return response

    async def _arrive(self, request: Request) -> Arrived:
        body = (await request.body()).decode()
        encoded = "&".join(part for part in (request.url.query, body) if part)
        headers = request.headers
        return Arrived(
            method=request.method,
            path=request.url.path,
            encoded=encoded,
            key=headers.get("idempotency-key", "") if request.method == "POST" else "",
            version=headers.get("stripe-version", API_VERSION),
            authorization=headers.get("authorization", ""),
            connect=headers.get("stripe-account", ""),
            request_id=self.world.new_id("req"),
        )

    def _authenticate(self, call: Arrived) -> Account:
        key = _bearer(call.authorization)
        if not key:
            raise ApiError(
                401,
                "You did not provide an API key. You need to provide your API key in the "
                "Authorization header, using Bearer auth (e.g. 'Authorization: Bearer "
                "YOUR_SECRET_KEY').",
                before_execution=True,
            )
        with self.world.lock:
            known = self.world.keys.get(key)
            if not _KEY.fullmatch(key) or (known and known.revoked):
                raise ApiError(
                    401, f"Invalid API Key provided: {_starred(key)}", before_execution=True
                )
            found = self.world.key(key)
            account = found.account
        if call.version != API_VERSION:
            raise malformed(f"Invalid Stripe API version: {call.version}")
        if call.connect:
            raise malformed("The simulator knows no connected accounts (Stripe-Account).")
        _check_permission(found, call)
        return account

    async def _serve(self, account: Account, call: Arrived) -> tuple[Response, bool]:
        route, ids = routes.find(call.method, call.path)
        if self.world.options.rate_limits:
            self._limits.check(account.key, route.endpoint, livemode=account.livemode)
        if call.key:
            kept = self._keys.begin(
                account.key, call.key, call.path, call.canonical,
                now=account.now(), request_id=call.request_id,
            )  # fmt: skip
            if kept is not None:
                return await self._replay(call, kept.answer, kept.request_id), True
        stored = False
        try:
            await asyncio.sleep(self.world.options.latency)
            fault = self.faults.take(call.method, call.path)
            answer, stored, headers = self._carry_out(account, call, route, ids, fault)
            if call.key and stored:
                self._keys.keep(account.key, call.key, answer)
            if fault == "drop_after":
                raise ConnectionDropped
            return _response(answer, call, extra=headers), False
        finally:
            if call.key and not stored:
                self._keys.forget(account.key, call.key)

    async def _replay(self, call: Arrived, answer: Answer, original: str) -> Response:
        await asyncio.sleep(self.world.options.latency)
        if self.faults.take(call.method, call.path) in {"drop_before", "drop_after"}:
            raise ConnectionDropped
        extra = {"Idempotent-Replayed": "true", "Original-Request": original}
        if answer.status >= 500:
            extra["Stripe-Should-Retry"] = "false"
        return _response(answer, call, extra=extra)

    def _carry_out(
        self,
        account: Account,
        call: Arrived,
        route: routes.Route,
        ids: tuple[str, ...],
        fault: Kind | None,
    ) -> tuple[Answer, bool, dict[str, str]]:
        """Return the answer, whether it is kept under the key, and more headers."""
        failed = _refusal(internal(), call.request_id, live=account.livemode)
        if fault in _BEFORE:
            _BEFORE[fault](call)
        if fault == "500":
            return failed, False, {}
        if fault == "500_stored_before":
            return failed, True, {"Stripe-Should-Retry": "false"}
        try:
            answer = self._execute(account, call, route, ids)
        except ApiError as error:
            refused = _refusal(error, call.request_id, live=account.livemode)
            kept = not error.before_execution and not account.turned("refusal_not_kept")
            return refused, kept, error.headers
        if fault == "500_stored_after":
            return failed, True, {"Stripe-Should-Retry": "false"}
        return answer, True, {}

    def _execute(
        self, account: Account, call: Arrived, route: routes.Route, ids: tuple[str, ...]
    ) -> Answer:
        given = parameters.check(route.endpoint, parameters.decode(call.encoded))
        route.check_simulated(given)
        asked = given.pop("expand", None) or []
        with self.world.lock:
            account.request_id, account.idempotency_key = call.request_id, call.key or None
            try:
                shown = route.handler(account, given, *ids)
                body = json.dumps(expand.expand(account, shown, asked))
            except ApiError:
                raise
            except Exception:  # noqa: BLE001 - a mistake in here is answered as Stripe's own
                _log.exception("The simulator failed in %s %s", call.method, call.path)
                raise internal() from None
            finally:
                account.request_id = account.idempotency_key = None
        return Answer(200, body.encode())


def _drop(_call: Arrived) -> None:
    raise ConnectionDropped


def _limit(_call: Arrived) -> None:
    raise rate_limited("global-rate")


def _conflict(call: Arrived) -> None:
    raise in_use(call.key)


def _lock(_call: Arrived) -> None:
    raise lock_timeout()


_BEFORE: dict[Kind | None, Callable[[Arrived], None]] = {
    "drop_before": _drop,
    "429": _limit,
    "409": _conflict,
    "lock_timeout": _lock,
}


def _refusal(error: ApiError, request_id: str, *, live: bool) -> Answer:
    body = json.dumps(error.body(request_id, livemode=live))
    return Answer(error.status, body.encode())


def _response(answer: Answer, call: Arrived, *, extra: dict[str, str]) -> Response:
    headers = {"Request-Id": call.request_id, "Stripe-Version": API_VERSION, **extra}
    if call.key:
        headers["Idempotency-Key"] = call.key
        headers.setdefault("Original-Request", call.request_id)
    return Response(answer.body, answer.status, headers, media_type="application/json")


def _bearer(authorization: str) -> str:
    scheme, _, rest = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(rest, validate=True).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return ""


def _check_permission(key: Key, call: Arrived) -> None:
    """Refuse a restricted key that may not make this call.

    The sentence is Stripe's, as public reports quote it (stripe-node issue 2246).

    Raises:
        ApiError: It lacks the permission; 403.
    """
    if key.permissions is None:
        return
    needed = accounts.permission_for(call.method, call.path)
    resource = needed.rpartition("_")[0]
    if key.permissions & {needed, f"{resource}_write"}:
        return
    raise ApiError(
        403,
        f"The provided key '{_starred(key.key)}' does not have the required permissions for this "
        f"endpoint on account '{key.account.id}'. Having the 'rak_{needed}' permission would allow "
        f"this request to continue.",
        before_execution=True,
    )


def _starred(key: str) -> str:
    """Return a key as Stripe shows it in errors."""
    return key if len(key) < 12 else f"{key[:7]}{'*' * (len(key) - 11)}{key[-4:]}"
