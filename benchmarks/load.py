"""Posts signed events over plain sockets, so that the load costs less than what it measures."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

SECRET = "whsec_benchmark"
PATH = "/webhooks/stripe/bench-2027"


def event(number: int) -> bytes:
    """Return a finished payment of invoice ``number`` as Stripe tells of it."""
    created = 1_795_000_000 + number
    payment = {
        "id": f"inpay_{number:08d}",
        "object": "invoice_payment",
        "amount_paid": 100_00,
        "amount_requested": 100_00,
        "created": created,
        "currency": "usd",
        "invoice": f"in_{number:08d}",
        "is_default": True,
        "livemode": False,
        "payment": {"type": "payment_intent", "payment_intent": f"pi_{number:08d}"},
        "status": "paid",
        "status_transitions": {"canceled_at": None, "paid_at": created},
    }
    whole = {
        "id": f"evt_{number:08d}",
        "object": "event",
        "api_version": "2026-10-28.endive",
        "created": created,
        "data": {"object": payment},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": "invoice_payment.paid",
    }
    return json.dumps(whole, indent=2).encode()


def request(body: bytes, *, now: int | None = None) -> bytes:
    """Return the whole HTTP request for a signed event."""
    signed_at = now or int(time.time())
    digest = hmac.new(SECRET.encode(), f"{signed_at}.".encode() + body, hashlib.sha256).hexdigest()
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Stripe-Signature: t={signed_at},v1={digest}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


@dataclass
class Result:
    """What came of a run."""

    acknowledged: list[int] = field(default_factory=list)
    refused: int = 0
    broken: int = 0
    milliseconds: list[float] = field(default_factory=list)
    seconds: float = 0.0

    def percentile(self, share: float) -> float:
        ordered = sorted(self.milliseconds)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0.0


async def post_all(
    port: int, numbers: Sequence[int], *, connections: int = 32, per_second: float | None = None
) -> Result:
    """Post the events, each until it is acknowledged, as Stripe does; pace them where asked."""
    result = Result()
    waiting = list(reversed(numbers))
    started = time.perf_counter()
    sent = 0

    async def one() -> None:
        nonlocal sent
        streams = None
        while waiting:
            number = waiting.pop()
            if per_second:
                due = started + sent / per_second
                sent += 1
                if (pause := due - time.perf_counter()) > 0:
                    await asyncio.sleep(pause)
            try:
                streams = streams or await asyncio.open_connection("127.0.0.1", port)
                before = time.perf_counter()
                status = await _exchange(*streams, request(event(number)))
                result.milliseconds.append((time.perf_counter() - before) * 1000)
            except (OSError, asyncio.IncompleteReadError, ValueError):
                result.broken += 1
                streams = None
                waiting.append(number)
                await asyncio.sleep(0.05)
                continue
            if status == 200:
                result.acknowledged.append(number)
            else:
                result.refused += 1
                waiting.append(number)
                await asyncio.sleep(0.05)

    await asyncio.gather(*(one() for _ in range(connections)))
    result.seconds = time.perf_counter() - started
    return result


async def _exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, payload: bytes
) -> int:
    writer.write(payload)
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
    await reader.readexactly(length)
    return int(head[9:12])


def main() -> None:
    """load.py PORT FIRST COUNT CONNECTIONS PER_SECOND OUT: run and write the figures as JSON."""
    port, first, count, connections, per_second, out = sys.argv[1:]
    result = asyncio.run(
        post_all(
            int(port),
            range(int(first), int(first) + int(count)),
            connections=int(connections),
            per_second=float(per_second) or None,
        )
    )
    Path(out).write_text(
        json.dumps(
            {
                "acknowledged": len(set(result.acknowledged)),
                "refused": result.refused,
                "broken": result.broken,
                "seconds": result.seconds,
                "p50": result.percentile(0.50),
                "p99": result.percentile(0.99),
            }
        )
    )


if __name__ == "__main__":
    main()
