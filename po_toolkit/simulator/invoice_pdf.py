"""A plain one-page PDF of an invoice, made by hand: text lines only."""

from __future__ import annotations

from po_toolkit.simulator.invoice_page import day, money, sums
from po_toolkit.simulator.world import Json

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
