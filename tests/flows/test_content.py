"""An invoice that says something else than its preview comes back from accounts payable."""

from __future__ import annotations

import csv
import io
from datetime import date
from decimal import Decimal

import pytest

from po_toolkit import create_purchase_order, create_stripe_invoice
from po_toolkit.api.content import compare_content, preview_content
from po_toolkit.api.imports import import_purchase_orders
from po_toolkit.api.invoices import invoice_purchase_orders, preview_invoices
from po_toolkit.store.purchase_orders import by_reference
from tests.conftest import ON_SQLITE, SLUG, open_unpaced

TAX = {
    "rates": {
        "standard": {"name": "USt", "percentage": "19", "country": "DE", "type": "vat"},
        "reduced": {"name": "USt", "percentage": "7", "inclusive": True, "country": "DE"},
    },
    "default": ["standard"],
    "home": "DE",
    "exempt_note": "Exempt under § 4 UStG.",
}
CONTENT = {
    "remit_to": "IBAN DE02 1203 0000 0000 2020 51, BIC BYLADEM1001",
    "our_tax_id": "VAT ID: DE999999999",
    "account_tax_ids": ["txi_1Abc"],
    "custom_fields": {"Contact": "{contact_name}", "Event": "PyCon 2027", "Ours": "{reference}"},
    "number_prefix": "PC27",
    "language": "de",
    "template": "inrtem_1Abc",
    "page_size": "a4",
    "tax_display": "include_inclusive_tax",
    "max_card_amount": {"eur": "1000"},
    "bank_transfer_country": "DE",
}


def opened_with(settings, clock, **further):
    conference = settings.conferences[SLUG]
    settings.conferences[SLUG] = conference.model_validate(
        {**conference.model_dump(exclude_unset=True), **further}
    )
    return open_unpaced(settings, clock)


@pytest.fixture
def full(settings, clock):
    return opened_with(
        settings,
        clock,
        tax=TAX,
        content=CONTENT,
        currency="eur",
        invoice_memo="Thank you for your support.",
        invoice_footer="PyCon e. V., Berlin",
        payment_methods=["card", "sepa_debit", "us_bank_account", "customer_balance"],
    )


def order_of(opened, *lines, **details):
    return create_purchase_order(
        SLUG,
        organization_name=details.pop("organization_name", "Société Générale d'Été"),
        contact_email=details.pop("contact_email", "compta@ete.example"),
        po_number=details.pop("po_number", "BC-0042"),
        line_items=[
            {"description": d, "quantity": q, "unit_price": Decimal(p), "tax_rates": rates}
            for d, q, p, rates in lines
        ],
        opened=opened,
        **details,
    )


def test_the_preview_is_the_sent_invoice_field_by_field(full, simulator):
    order = order_of(
        full,
        ("Gold sponsorship", 1, "5000.00", ["standard"]),
        ("Dinner tickets", 3, "85.55", ["reduced"]),
        ("Job board", 2, "100.00", ["exempt"]),
        ("Early-bird discount", 2, "-125.50", ["standard"]),
        contact_name="Zoë Ångström",
        billing_address="12 rue de l'Été\n75001 Paris\nFrance",
        tax_id="FR 12 345678901",
        service_start=date(2027, 5, 14),
        service_end=date(2027, 5, 22),
    )
    planned = preview_content(full, order.reference)
    assert simulator.control.calls() == []
    create_stripe_invoice(order, opened=full)
    compared = compare_content(full, order.reference)
    assert [line for line in compared.lines if not line.equal] == []
    assert [(x.name, x.planned) for x in compared.lines] == [
        (x.name, x.planned) for x in planned.lines
    ]
    said = {line.name: line.sent for line in compared.lines}
    assert said["Their tax id"] == "eu_vat FR12345678901"
    assert said["Address: postal_code"] == "75001"
    assert said["Number"] == f"PC27{order.reference.removeprefix('PO')}"
    assert said["Payment methods"] == "sepa_debit, customer_balance"
    assert said["Line 1 period"] == "2027-05-14 to 2027-05-22"
    assert said["Template"] == "inrtem_1Abc"
    assert said["Language"] == "de"
    for text in ("PyCon e. V.", "IBAN DE02", "DE999999999", "§ 4 UStG"):
        assert text in said["Footer"]
    assert [said[n] for n in ("PO number", "Contact", "Event", "Ours")] == [
        "BC-0042",
        "Zoë Ångström",
        "PyCon 2027",
        order.reference,
    ]
    assert (compared.equal, order.total) == (True, Decimal("6107.96"))


def test_a_change_at_stripe_is_shown_beside_the_plan(full, simulator):
    order = order_of(full, ("Gold", 1, "500.00", None))
    invoice_purchase_orders(full, references=[order.reference], send=False)
    (draft,) = simulator.control.all("invoice")
    full.gateway.write(
        f"/v1/invoices/{draft['id']}", {"footer": "Other"}, idempotency_key="by-hand"
    )
    compared = compare_content(full, order.reference)
    assert [line.name for line in compared.lines if not line.equal] == ["Footer"]


def test_reverse_charge_follows_from_the_tax_id_of_another_member_state(full):
    french = order_of(full, ("Gold", 1, "500.00", None), tax_id="FR12345678901")
    german = order_of(full, ("Gold", 1, "500.00", None), tax_id="DE123456789", po_number="2")
    swiss = order_of(full, ("Gold", 1, "500.00", None), tax_id="CHE123456789MWST", po_number="3")
    assert [o.total for o in (french, german, swiss)] == [500, 595, 595]
    fields = {line.name: line.planned for line in preview_content(full, french.reference).lines}
    assert fields["Line 1 tax"] == "Reverse charge 0 %: 0.00 EUR"
    assert "Article 196" in fields["Footer"]


def test_without_tax_or_content_settings_the_bodies_are_what_they_were(
    opened, simulator, make_order
):
    from po_toolkit.invoicing.plan import InvoicePlan

    order = make_order(
        ("Gold", 1, "100.00"),
        ("Discount", 2, "-5.00"),
        billing_address="1 Main St, Springfield",
    )
    plan = InvoicePlan(order, opened.conference, 1)
    assert plan.customer() == {
        "name": "Acme GmbH",
        "email": "ap@acme.example",
        "address": {"line1": "1 Main St, Springfield"},
        "metadata": {"conference_slug": SLUG, "source": "purchase_order"},
    }
    assert plan.draft("cus_1") == {
        "customer": "cus_1",
        "collection_method": "send_invoice",
        "auto_advance": False,
        "pending_invoice_items_behavior": "exclude",
        "discounts": "",
        "currency": "usd",
        "days_until_due": 30,
        "custom_fields": [
            {"name": "PO number", "value": "4500012345"},
            {"name": "Reference", "value": order.reference},
        ],
        "payment_settings": {"payment_method_types": ["card", "us_bank_account"]},
        "metadata": plan.metadata(),
    }
    assert plan.lines() == {
        "lines": [
            {
                "description": "Gold",
                "quantity": 1,
                "price_data": {
                    "currency": "usd",
                    "product_data": {"name": "Gold"},
                    "unit_amount": 10_000,
                },
            },
            {"description": "Discount (x 2)", "amount": -1_000},
        ]
    }


def test_no_card_above_the_limit_and_no_invoice_without_a_way_to_pay(full):
    small = order_of(full, ("Item", 1, "840.34", None), po_number="1")
    large = order_of(full, ("Item", 1, "840.35", None), po_number="2")
    only = order_of(full, ("Item", 1, "840.35", None), po_number="3", payment_methods=["card"])

    def ways(order):
        fields = preview_content(full, order.reference)
        return next(line.planned for line in fields.lines if line.name == "Payment methods")

    assert small.total == 1000
    assert ways(small) == "card, sepa_debit, customer_balance"
    assert ways(large) == "sepa_debit, customer_balance"
    reasons = [s.reason for s in preview_invoices(full, references=[only.reference]).skipped]
    assert "more than may be paid by card" in reasons[0]


def sheet(*rows):
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(dict.fromkeys(k for row in rows for k in row)))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


ROW = {
    "organization_name": "Acme GmbH",
    "contact_email": "ap@acme.example",
    "po_number": "4711",
    "description": "Gold",
    "unit_price": "100.00",
}


def test_a_spreadsheet_says_tax_tax_id_language_period_ways_to_pay_and_limit(full):
    report = import_purchase_orders(
        full,
        sheet(
            ROW
            | {
                "VAT rate": "19%",
                "VAT ID": "DE 123 456 789",
                "Language": "German",
                "Service start": "2027-05-14",
                "Service end": "2027-05-22",
                "Payment methods": "SEPA, card",
                "PO amount": "150.00",
            },
            ROW | {"description": "Dinner", "unit_price": "10.70", "VAT rate": "0.07"},
            ROW | {"description": "Talk", "unit_price": "10", "VAT rate": "exempt"},
        ),
        file_name="orders.csv",
    )
    assert (report.accepted, report.problems) == (1, [])
    with full.store.reading() as session:
        order = by_reference(session, full.conference, report.references[0])
    assert (order.total, order.total_tax) == (Decimal("139.70"), Decimal("19.70"))
    assert (order.tax_id_type, order.tax_id, order.language) == ("eu_vat", "DE123456789", "de")
    assert (order.service_start, order.service_end) == (date(2027, 5, 14), date(2027, 5, 22))
    assert order.payment_methods == ["sepa_debit", "card"]
    limit = preview_content(full, order.reference).limit
    assert limit is not None
    assert (limit.limit, limit.billed, limit.left) == (15_000, 13_970, 1_030)


@ON_SQLITE
@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("tax_rate", "18 %", "tax_rate_unknown"),
        ("tax_rate", "exempt + 19", "tax_rate_unknown"),
        ("tax_id", "DE12345", "tax_id_invalid"),
        ("tax_id", "au_abn 123", "tax_id_invalid"),
        ("language", "Klingon!", "language_unknown"),
        ("payment_methods", "goats", "payment_methods_unknown"),
        ("service_end", "2027-02-30", "date_invalid"),
    ],
)
def test_a_wrong_cell_rejects_its_purchase_order_and_says_why(full, column, value, code):
    good = ROW | {"po_number": "4712", column: ""}
    report = import_purchase_orders(full, sheet(ROW | {column: value}, good), file_name="o.csv")
    assert (report.accepted, report.rejected) == (1, 1)
    assert [(p.row, p.column, p.code) for p in report.problems] == [(2, column, code)]


def test_a_tax_id_of_unknown_kind_is_kept_and_nothing_is_rejected(full):
    report = import_purchase_orders(full, sheet(ROW | {"tax_id": "987654321"}), file_name="o.csv")
    assert (report.accepted, report.rejected) == (1, 0)
    with full.store.reading() as session:
        order = by_reference(session, full.conference, report.references[0])
    assert (order.tax_id, order.notes) == ("", "Tax id: 987654321")


def test_a_tax_column_without_tax_settings_is_left_out_aloud(opened):
    report = import_purchase_orders(opened, sheet(ROW | {"tax_rate": "19%"}), file_name="o.csv")
    assert report.accepted == 1
    assert any("no tax rates" in note for note in report.as_json()["notes"])


def test_what_is_left_of_a_limit_counts_every_invoice_under_its_number(full):
    first = order_of(full, ("Part 1", 1, "600.00", ["exempt"]), po_amount=Decimal(1000))
    second = order_of(full, ("Part 2", 1, "300.00", ["exempt"]), allow_duplicates=True)
    assert preview_content(full, second.reference).limit.left == 10_000
    third = order_of(full, ("Part 3", 1, "200.00", ["exempt"]), allow_duplicates=True)
    limit = preview_content(full, first.reference).limit
    assert (limit.billed, limit.left) == (110_000, -10_000)
    assert limit.references == tuple(o.reference for o in (first, second, third))
    (line,) = preview_invoices(full, references=[third.reference]).ready
    assert any("authorizes 1,000.00 EUR" in doubt for doubt in line.doubts)
