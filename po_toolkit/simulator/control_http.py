"""The control's acts over HTTP, for other processes: ``POST /_sim/pay {"invoice_id": "in_…"}``."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from po_toolkit.simulator.control import Control
from po_toolkit.simulator.errors import ApiError


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
