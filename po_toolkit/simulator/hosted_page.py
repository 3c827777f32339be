"""The hosted invoice page: what the sponsor sees, with buttons that pay all or another amount."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from po_toolkit.simulator import invoice_payments
from po_toolkit.simulator.currencies import THREE_DECIMAL, ZERO_DECIMAL
from po_toolkit.simulator.errors import ApiError
from po_toolkit.simulator.invoice_shape import expired
from po_toolkit.simulator.world import Account, Json, World

_STYLE = """
:root{color-scheme:light dark;--ink:#1a1f36;--soft:#697386;--line:#e3e8ee;--page:#f6f8fa;
--card:#fff;--go:#4f46e5}
@media(prefers-color-scheme:dark){:root{--ink:#eef1f6;--soft:#9aa4b5;--line:#2d3442;
--page:#12151c;--card:#1b2029}}
*{box-sizing:border-box}body{margin:0;background:var(--page);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:46rem;margin:2.5rem auto;padding:0 1rem}
.card{background:var(--card);border:1px solid var(--line);border-radius:12px;
padding:1.75rem;margin-bottom:1rem}
h1{font-size:2rem;margin:.25rem 0}.soft{color:var(--soft)}dl{display:grid;
grid-template-columns:max-content 1fr;gap:.3rem 1.25rem;margin:1rem 0 0}dt{color:var(--soft)}
dd{margin:0;overflow-wrap:anywhere}table{width:100%;border-collapse:collapse}
th{font-weight:500;color:var(--soft);text-align:left}th,td{padding:.5rem .25rem;
border-bottom:1px solid var(--line);vertical-align:top}td.n,th.n{text-align:right;
font-variant-numeric:tabular-nums;white-space:nowrap}tfoot td{border:0}
.pill{display:inline-block;border-radius:99px;padding:.1rem .7rem;border:1px solid var(--line);
font-size:.85rem}form{display:flex;gap:.6rem;flex-wrap:wrap;align-items:center;margin-top:1rem}
button,a.button{background:var(--go);color:#fff;border:0;border-radius:8px;padding:.6rem 1.1rem;
font:inherit;font-weight:600;cursor:pointer;text-decoration:none}button.second,a.second{
background:none;color:var(--ink);border:1px solid var(--line)}input,select{font:inherit;
padding:.55rem .7rem;border:1px solid var(--line);border-radius:8px;background:var(--card);
color:var(--ink);width:11rem}.problem{border-color:#d33;color:#d33}
:focus-visible{outline:3px solid #a5a1ff;outline-offset:2px}
"""

_METHODS = {
    "card": "Card",
    "sepa_debit": "SEPA debit",
    "us_bank_account": "Bank account (ACH)",
}
_BY = {"payment_intent": "this page", "payment_record": "bank or check"}

NOT_FOUND = (
    f'<!doctype html><html lang="en"><meta charset="utf-8"><title>No such invoice</title>'
    f'<style>{_STYLE}</style><main><div class="card"><h1>No such invoice</h1>'
    f'<p class="soft">It was deleted, its link expired, or the simulator was restarted.</p>'
    "</div></main></html>"
)


def money(amount: int, currency: str) -> str:
    """Write an amount in API units for people: ``1,234.50 USD``."""
    digits = 0 if currency in ZERO_DECIMAL else 3 if currency in THREE_DECIMAL else 2
    return f"{Decimal(amount).scaleb(-digits):,.{digits}f} {currency.upper()}"


def day(moment: int | None) -> str:
    """Write a time as a date in UTC."""
    return datetime.fromtimestamp(moment, UTC).strftime("%-d %B %Y") if moment else "-"


def invoice_html(invoice: Json, payments: list[Json], *, problem: str = "") -> str:
    """Return the whole page; ``problem`` is HTML that was escaped before."""
    title = f"Invoice {escape(invoice['number'])}"
    trouble = f'<div class="card problem" role="alert">{problem}</div>' if problem else ""
    body = _head(invoice) + trouble + _pay(invoice) + _lines(invoice) + _payments(payments)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" '
        f'content="width=device-width,initial-scale=1"><title>{title}</title>'
        f"<style>{_STYLE}</style><main>{body}<p class='soft'>Simulated: no money moves here.</p>"
        f"</main></html>"
    )


def _head(invoice: Json) -> str:
    facts = [
        ("Invoice number", invoice["number"]),
        ("Billed to", invoice["customer_name"] or invoice["customer_email"] or ""),
        ("Due", day(invoice["due_date"])),
        *((field["name"], field["value"]) for field in invoice["custom_fields"] or ()),
    ]
    if invoice["description"]:
        facts.append(("Memo", invoice["description"]))
    listed = "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in facts)
    left = money(invoice["amount_remaining"], invoice["currency"])
    title = f"Invoice from {escape(invoice['account_name'])}"
    return (
        f'<p class="soft">{title}</p><div class="card">'
        f'<span class="pill">{escape(invoice["status"])}</span>'
        f'<h1>{left}</h1><div class="soft">remains to be paid</div><dl>{listed}</dl></div>'
    )


def _pay(invoice: Json) -> str:
    address = escape(invoice["hosted_invoice_url"])
    pdf = f'<a class="button second" href="{address}/pdf">Download PDF</a>'
    if invoice["status"] not in {"open", "uncollectible"} or not invoice["amount_remaining"]:
        return f'<div class="card">{pdf}</div>'
    types = invoice["payment_settings"]["payment_method_types"] or ["card"]
    options = "".join(f'<option value="{m}">{_METHODS[m]}</option>' for m in types if m in _METHODS)
    method = f'<select name="method" aria-label="How to pay">{options}</select>'
    left = money(invoice["amount_remaining"], invoice["currency"])
    return (
        f'<div class="card"><form method="post" action="{address}/pay">{method}'
        f'<button type="submit">Pay {left}</button></form>'
        f'<form method="post" action="{address}/pay">{method}<input name="amount" required '
        f'inputmode="decimal" aria-label="Another amount in {invoice["currency"].upper()}" '
        f'placeholder="Another amount"><button class="second" type="submit">Pay this amount'
        f"</button></form><p>{pdf}</p></div>"
    )


def _lines(invoice: Json) -> str:
    currency = invoice["currency"]
    rows = "".join(
        f"<tr><td>{escape(line['description'] or '')}</td><td class='n'>{line['quantity']}</td>"
        f"<td class='n'>{money(line['amount'], currency)}</td></tr>"
        for line in invoice["lines"]
    )
    foot = "".join(
        f"<tr><td colspan='2'>{k}</td><td class='n'>{money(v, currency)}</td></tr>"
        for k, v in sums(invoice)
    )
    return (
        "<div class='card'><table><thead><tr><th>Description</th><th class='n'>Quantity</th>"
        f"<th class='n'>Amount</th></tr></thead><tbody>{rows}</tbody><tfoot>{foot}</tfoot></table>"
        f"{_footer(invoice)}</div>"
    )


def sums(invoice: Json) -> list[tuple[str, int]]:
    """Return what stands under the lines: names and amounts in API units."""
    found = [*_tax_sums(invoice), ("Total", invoice["total"])]
    if invoice["amount_due"] != invoice["total"]:
        found.append(("Amount due", invoice["amount_due"]))
    if invoice["amount_paid"]:
        found.append(("Paid", -invoice["amount_paid"]))
    return found


def _tax_sums(invoice: Json) -> list[tuple[str, int]]:
    """Return the subtotal and the taxes, where there are any."""
    taxes = invoice["total_taxes"]
    if not taxes:
        return []
    inclusive = [tax for tax in taxes if tax["tax_behavior"] == "inclusive"]
    exclusive = [tax for tax in taxes if tax["tax_behavior"] == "exclusive"]
    return [
        ("Subtotal", invoice["subtotal"]),
        *(("Tax", tax["amount"]) for tax in exclusive),
        *(("Tax included", tax["amount"]) for tax in inclusive),
    ]


def _footer(invoice: Json) -> str:
    if invoice["customer_tax_exempt"] == "reverse":
        note = "<p>Reverse charge</p>"
        return note + (f"<p class='soft'>{escape(invoice['footer'] or '')}</p>")
    return f"<p class='soft'>{escape(invoice['footer'])}</p>" if invoice["footer"] else ""


def _payments(payments: list[Json]) -> str:
    done = [payment for payment in payments if payment["status"] == "paid"]
    if not done:
        return ""
    rows = "".join(
        f"<tr><td>{day(p['status_transitions']['paid_at'])}</td>"
        f"<td>{_BY.get(p['payment']['type'], '')}</td>"
        f"<td class='n'>{money(p['amount_paid'], p['currency'])}</td></tr>"
        for p in done
    )
    return (
        f"<div class='card'><table><thead><tr><th>Paid on</th><th>By</th><th class='n'>Amount"
        f"</th></tr></thead><tbody>{rows}</tbody></table></div>"
    )


_MOST_LINES = 40


def invoice_pdf(invoice: Json) -> bytes:
    """Return the PDF; beyond 40 lines it says how many more there are."""
    currency = invoice["currency"]
    texts = [
        f"Invoice {invoice['number']}",
        f"Billed to {invoice['customer_name'] or invoice['customer_email'] or ''}",
        f"Due {day(invoice['due_date'])}",
        *(f"{entry['name']}: {entry['value']}" for entry in invoice["custom_fields"] or ()),
        "",
        *(
            f"{line['description'] or ''}   {money(line['amount'], currency)}"
            for line in invoice["lines"][:_MOST_LINES]
        ),
    ]
    if len(invoice["lines"]) > _MOST_LINES:
        texts.append(f"and {len(invoice['lines']) - _MOST_LINES} more lines")
    texts += ["", *(f"{name} {money(amount, currency)}" for name, amount in sums(invoice))]
    texts += [invoice["description"] or "", invoice["footer"] or ""]
    return _document(texts)


def _document(texts: list[str]) -> bytes:
    shown = b"".join(b"(%s) '\n" % _escaped(text[:100]) for text in texts)
    stream = b"BT /F1 11 Tf 15 TL 50 800 Td\n" + shown + b"ET"
    page = (
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> >>"
    )
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        page,
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    out, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return out + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n"
        b"%%%%EOF\n" % (len(objects) + 1, table, len(objects) + 1, len(out))
    )


def _escaped(text: str) -> bytes:
    encoded = text.encode("cp1252", "replace")
    return encoded.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")


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

    page = "/i/{account}/{invoice}/{issued:int}"
    return [
        Route(page, show, methods=["GET"]),
        Route(f"{page}/pdf", pdf, methods=["GET"]),
        Route(f"{page}/pay", pay, methods=["POST"]),
    ]


def _find(world: World, request: Request) -> tuple[Account, Json] | None:
    """Return the finalized invoice that an address names, unless the address has expired."""
    for account in world.accounts.values():
        if account.id == request.path_params["account"]:
            invoice = account.all("invoice").get(request.path_params["invoice"])
            pdf = request.url.path.endswith("/pdf")
            issued = request.path_params["issued"]
            if (
                invoice is not None
                and invoice["status"] != "draft"
                and not expired(invoice, issued, account.now(), pdf=pdf)
            ):
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
