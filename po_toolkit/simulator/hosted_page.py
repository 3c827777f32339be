"""The hosted invoice page: what the sponsor sees, with buttons that pay all or another amount."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from po_toolkit.simulator import invoice_payments
from po_toolkit.simulator.currencies import THREE_DECIMAL, ZERO_DECIMAL
from po_toolkit.simulator.errors import ApiError
from po_toolkit.simulator.invoice_page import NOT_FOUND, invoice_html
from po_toolkit.simulator.invoice_pdf import invoice_pdf
from po_toolkit.simulator.world import Account, Json, World


def routes(world: World) -> list[Route]:
    """Return the addresses of the page, its PDF and its buttons."""

    async def show(request: Request) -> Response:
        with world.lock:
            found = _find(world, request)
            if found is None:
                return HTMLResponse(NOT_FOUND, 404)
            account, invoice = found
            paid = invoice_payments.of_invoice(account, invoice["id"])
            return HTMLResponse(invoice_html(invoice, paid))

    async def pdf(request: Request) -> Response:
        with world.lock:
            found = _find(world, request)
            if found is None:
                return HTMLResponse(NOT_FOUND, 404)
            name = f"Invoice-{found[1]['number']}.pdf"
            headers = {"Content-Disposition": f'attachment; filename="{name}"'}
            return Response(invoice_pdf(found[1]), 200, headers, "application/pdf")

    async def pay(request: Request) -> Response:
        form = await request.form()
        with world.lock:
            found = _find(world, request)
            if found is None:
                return HTMLResponse(NOT_FOUND, 404)
            account, invoice = found
            try:
                amount = _amount(str(form.get("amount", "")), invoice["currency"])
                method = str(form.get("method", "card"))
                invoice_payments.pay_by_customer(account, invoice, amount, method)
            except (ApiError, ValueError) as error:
                paid = invoice_payments.of_invoice(account, invoice["id"])
                return HTMLResponse(invoice_html(invoice, paid, problem=escape(str(error))), 400)
        return RedirectResponse(request.url.path.removesuffix("/pay"), 303)

    page = "/i/{account}/{invoice}"
    return [
        Route(page, show, methods=["GET"]),
        Route(f"{page}/pdf", pdf, methods=["GET"]),
        Route(f"{page}/pay", pay, methods=["POST"]),
    ]


def _find(world: World, request: Request) -> tuple[Account, Json] | None:
    """Return the finalized invoice that an address names."""
    for account in world.accounts.values():
        if account.id == request.path_params["account"]:
            invoice = account.all("invoice").get(request.path_params["invoice"])
            if invoice is not None and invoice["status"] != "draft":
                return account, invoice
    return None


def _amount(text: str, currency: str) -> int | None:
    """Return API units from what a person typed in major units; None pays what remains.

    Raises:
        ValueError: It is no amount of this currency.
    """
    if not text.strip():
        return None
    digits = 0 if currency in ZERO_DECIMAL else 3 if currency in THREE_DECIMAL else 2
    try:
        units = Decimal(text.strip().replace(",", "")).scaleb(digits)
        if units != units.to_integral_value():
            raise ValueError(f"{text} has too many decimals for {currency.upper()}.")
        return int(units)
    except (InvalidOperation, OverflowError):
        raise ValueError(f"{text} is not an amount.") from None
