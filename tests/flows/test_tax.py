"""Tax that is a cent off at Stripe, or missing from the books, brings an invoice back.

Forty cases, each checked to the unit by three ways: the plan of the purchase order, the draft that
Stripe (the simulator, which shares no code with the toolkit) adds up, and the books. The expected
totals were worked out by hand from Stripe's rule: a line's tax for each rate is rounded half away
from zero, then added up.
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from po_toolkit import create_stripe_invoice
from po_toolkit.api.invoices import invoice_purchase_orders
from po_toolkit.api.ledger import record_payment_by_hand
from po_toolkit.domain.sums import Status
from po_toolkit.reconcile import reconcile_conference
from po_toolkit.store.purchase_orders import by_reference
from tests.conftest import ON_SQLITE, SLUG, open_unpaced
from tests.flows.tax_cases import CASES, RATES, L


@pytest.fixture
def taxed(settings, clock):
    conference = settings.conferences[SLUG]
    settings.conferences[SLUG] = conference.model_validate(
        {**conference.model_dump(exclude_unset=True), "tax": {"rates": RATES, "default": []}}
    )
    return open_unpaced(settings, clock)


def lines_of(lines: list[L]) -> list[dict]:
    return [
        {
            "description": f"Item {n}",
            "quantity": quantity,
            "unit_price": Decimal(price),
            "tax_rates": rates.split("+"),
        }
        for n, (quantity, price, rates) in enumerate(lines)
    ]


@ON_SQLITE
@pytest.mark.parametrize(("currency", "lines", "tax", "total"), CASES)
def test_plan_draft_and_books_agree_to_the_unit(taxed, simulator, currency, lines, tax, total):
    from po_toolkit import create_purchase_order
    from po_toolkit.money import convert_amount_for_api

    order = create_purchase_order(
        SLUG,
        organization_name="Acme GmbH",
        contact_email="ap@acme.example",
        currency=currency,
        line_items=lines_of(lines),
        opened=taxed,
    )
    assert (order.total_tax, order.total) == (Decimal(tax), Decimal(total))
    report = invoice_purchase_orders(taxed, references=[order.reference], send=False)
    assert report.failed == 0, report.results
    (draft,) = simulator.control.all("invoice")
    api = convert_amount_for_api
    assert draft["status"] == "draft"
    assert draft["total"] == api(Decimal(total), currency)
    assert sum(t["amount"] for t in draft["total_taxes"]) == api(Decimal(tax), currency)
    create_stripe_invoice(order, opened=taxed)
    record_payment_by_hand(
        taxed, order.reference, amount=Decimal(total), method="wire", payment_reference="w1"
    )
    with taxed.store.reading() as session:
        kept = by_reference(session, taxed.conference, order.reference)
    assert (kept.status, kept.sums.balance) == (Status.PAID, 0)
    books = reconcile_conference(taxed.store, taxed.conference, as_of=taxed.today())
    row = books.as_json()["rows"][0]
    assert (Decimal(row["total"]), Decimal(row["balance"])) == (Decimal(total), 0)
    assert "amount_differs_from_stripe" not in row["discrepancies"]


def test_there_are_forty_cases():
    assert len(CASES) == 40


def test_a_rate_is_made_once_and_invoices_keep_their_budget_of_calls(taxed, simulator, make_order):
    def order(number, organization):
        from po_toolkit import create_purchase_order

        return create_purchase_order(
            SLUG,
            organization_name=organization,
            contact_email="ap@acme.example",
            currency="eur",
            po_number=number,
            tax_id="DE123456789",
            line_items=lines_of([(1, "100.00", "vat19"), (1, "50.00", "vat19")]),
            opened=taxed,
        )

    create_stripe_invoice(order("1", "Acme GmbH"), opened=taxed)
    simulator.control.clear_calls()
    create_stripe_invoice(order("2", "Borealis AB"), opened=taxed)
    assert [c.method for c in simulator.control.calls()].count("POST") == 4
    simulator.control.clear_calls()
    create_stripe_invoice(order("3", "Acme GmbH"), opened=taxed)
    assert [c.method for c in simulator.control.calls()] == ["GET"] + ["POST"] * 3
    (rate,) = simulator.control.all("tax_rate")
    assert (rate["display_name"], rate["percentage"], rate["country"]) == ("VAT", 19.0, "DE")
    assert {t["value"] for t in simulator.control.all("tax_id")} == {"DE123456789"}


@pytest.mark.parametrize("kind", ["drop_after", "500_stored_after", "500_stored_before"])
def test_a_rate_whose_making_was_cut_off_is_not_made_twice(taxed, simulator, kind):
    from po_toolkit import create_purchase_order

    order = create_purchase_order(
        SLUG,
        organization_name="Acme GmbH",
        contact_email="ap@acme.example",
        currency="eur",
        line_items=lines_of([(1, "100.00", "vat19")]),
        opened=taxed,
    )
    simulator.control.fail(path="/v1/tax_rates", kind=kind, times=20)
    report = invoice_purchase_orders(taxed, references=[order.reference])
    simulator.control.clear_faults()
    if report.failed:
        assert invoice_purchase_orders(taxed, references=[order.reference]).failed == 0
    assert len(simulator.control.all("tax_rate")) == 1
    (invoice,) = simulator.control.all("invoice")
    assert (invoice["status"], invoice["total"]) == ("open", 11_900)


def test_the_tax_id_of_a_sponsor_known_before_is_put_on_his_customer_once(taxed, simulator):
    from po_toolkit import create_purchase_order

    def order(number):
        return create_purchase_order(
            SLUG,
            organization_name="Acme GmbH",
            contact_email="ap@acme.example",
            currency="eur",
            po_number=number,
            tax_id="FR12345678901",
            line_items=lines_of([(1, "100.00", "reverse_charge")]),
            opened=taxed,
        )

    taxed.gateway.write(
        "/v1/customers",
        {"email": "ap@acme.example", "name": "Acme GmbH"},
        idempotency_key="before",
    )
    create_stripe_invoice(order("1"), opened=taxed)
    create_stripe_invoice(order("2"), opened=taxed)
    assert [t["value"] for t in simulator.control.all("tax_id")] == ["FR12345678901"]
    first, second = simulator.control.all("invoice")
    assert first["customer_tax_ids"] == second["customer_tax_ids"]
    assert "Article 196" in first["footer"]
    assert [t["taxability_reason"] for t in first["total_taxes"]] == ["zero_rated"]


def test_a_draft_to_which_somebody_added_another_tax_is_not_sent(taxed, simulator):
    from po_toolkit import create_purchase_order

    taxed.gateway.write(
        "/v1/customers",
        {"email": "ap@acme.example", "name": "Acme GmbH", "tax_exempt": "exempt"},
        idempotency_key="before",
    )
    order = create_purchase_order(
        SLUG,
        organization_name="Acme GmbH",
        contact_email="ap@acme.example",
        currency="eur",
        line_items=lines_of([(1, "100.00", "vat19")]),
        opened=taxed,
    )
    report = invoice_purchase_orders(taxed, references=[order.reference])
    assert "look for taxes" in report.results[0].error
    assert simulator.control.all("invoice") == []


def test_the_tax_is_in_reconciliation_and_its_workbook_by_rate(taxed):
    from io import BytesIO

    import openpyxl

    from po_toolkit import create_purchase_order
    from po_toolkit.reconcile import export

    order = create_purchase_order(
        SLUG,
        organization_name="Acme GmbH",
        contact_email="ap@acme.example",
        currency="eur",
        line_items=lines_of(
            [
                (1, "100.00", "vat19"),
                (1, "50.00", "vat19"),
                (1, "107.00", "vat7in"),
                (1, "10.00", "exempt"),
            ]
        ),
        opened=taxed,
    )
    create_stripe_invoice(order, opened=taxed)
    found = reconcile_conference(taxed.store, taxed.conference, as_of=taxed.today())
    assert [
        (t["rate"], t["treatment"], t["taxable"], t["tax"]) for t in found.as_json()["tax"]
    ] == [
        ("VAT 19 %", "taxed", "150.00", "28.50"),
        ("VAT 7 % included", "taxed", "100.00", "7.00"),
        ("Tax exempt 0 %", "exempt", "10.00", "0.00"),
    ]
    assert {t["sent_on"] for t in found.as_json()["tax"]} == {taxed.today().isoformat()}
    sheet = openpyxl.load_workbook(BytesIO(export(found, "xlsx")))["Tax"]
    assert [cell.value for cell in sheet["E"]][1] == "VAT 19 %"
    without = sum(Decimal(t["taxable"]) for t in found.as_json()["tax"])
    assert Decimal(found.as_json()["rows"][0]["total"]) == without + order.total_tax


@pytest.fixture
def automatic(settings, clock, simulator):
    conference = settings.conferences[SLUG]
    settings.conferences[SLUG] = conference.model_validate(
        {**conference.model_dump(exclude_unset=True), "tax": {"automatic": "exclusive"}}
    )
    opened = open_unpaced(settings, clock)
    opened.gateway.read("/v1/account")
    simulator.control.tax_automatically({"DE": "19", "FR": "20"})
    return opened


def placed(opened, address, lines=12):
    from po_toolkit import create_purchase_order

    return create_purchase_order(
        SLUG,
        organization_name="Acme GmbH",
        contact_email="ap@acme.example",
        currency="eur",
        billing_address=address,
        line_items=[
            {"description": f"Item {n % 5}", "unit_price": Decimal("33.33")} for n in range(lines)
        ],
        opened=opened,
    )


def test_tax_that_stripe_computes_is_taken_into_the_books(automatic, simulator):
    order = placed(automatic, "Musterstr. 5\n10115 Berlin\nGermany")
    assert order.total == Decimal("399.96")
    create_stripe_invoice(order, opened=automatic)
    (invoice,) = simulator.control.all("invoice")
    assert invoice["total"] == 39_996 + 12 * 633
    with automatic.store.reading() as session:
        kept = by_reference(session, automatic.conference, order.reference)
    assert (kept.total, kept.total_tax) == (Decimal("475.92"), Decimal("75.96"))
    row = reconcile_conference(
        automatic.store, automatic.conference, as_of=automatic.today()
    ).as_json()["rows"][0]
    assert (row["total"], row["discrepancies"]) == ("475.92", [])


def test_tax_that_stripe_cannot_compute_sends_nothing(automatic, simulator):
    order = placed(automatic, "Somewhere")
    report = invoice_purchase_orders(automatic, references=[order.reference])
    assert "with its country" in report.results[0].error
    assert simulator.control.all("invoice") == []


@pytest.mark.parametrize("step", ["add_lines", "send"])
def test_automatic_tax_survives_a_cut_off(automatic, simulator, step):
    order = placed(automatic, "1 rue X\n75001 Paris\nFrance", lines=2)
    simulator.control.fail(path=f"/v1/invoices/*/{step}", kind="drop_after", times=20)
    invoice_purchase_orders(automatic, references=[order.reference])
    simulator.control.clear_faults()
    report = invoice_purchase_orders(automatic, references=[order.reference])
    assert report.failed == 0, report.results
    assert [i["total"] for i in simulator.control.all("invoice")] == [6_666 + 2 * 667]
    with automatic.store.reading() as session:
        assert by_reference(session, automatic.conference, order.reference).total == Decimal(80)


def test_a_tax_id_that_stripe_refuses_is_mended_and_billed(taxed, simulator):
    from po_toolkit import create_purchase_order
    from po_toolkit.api.order_changes import Changes, change_order
    from po_toolkit.domain.roles import Act

    order = create_purchase_order(
        SLUG,
        organization_name="Acme GmbH",
        contact_email="ap@acme.example",
        currency="eur",
        line_items=lines_of([(1, "100.00", "vat19")]),
        opened=taxed,
    )
    with taxed.store.writing(taxed.actor, Act.AMEND) as uow:
        kept = uow.lock_purchase_order(order.id)
        kept.tax_id_type, kept.tax_id = "eu_vat", "123"
    report = invoice_purchase_orders(taxed, references=[order.reference])
    assert "eu_vat" in report.results[0].error
    change_order(taxed, order.reference, Changes(tax_id="DE 123456789"))
    report = invoice_purchase_orders(taxed, references=[order.reference])
    assert report.failed == 0, report.results
    (invoice,) = simulator.control.all("invoice")
    assert [t["value"] for t in invoice["customer_tax_ids"]] == ["DE123456789"]


@pytest.mark.parametrize(
    "path", ["customers", "invoices", "invoices/*/add_lines", "invoices/*/send"]
)
@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "500_stored_after"])
def test_a_taxed_invoice_that_was_cut_off_anywhere_is_sent_once(taxed, simulator, path, kind):
    from po_toolkit import create_purchase_order

    order = create_purchase_order(
        SLUG,
        organization_name="Acme GmbH",
        contact_email="ap@acme.example",
        currency="eur",
        tax_id="DE123456789",
        line_items=lines_of([(1, "100.00", "vat19"), (2, "53.50", "vat7in")]),
        opened=taxed,
    )
    simulator.control.fail(path=f"/v1/{path}", kind=kind, times=8)
    invoice_purchase_orders(taxed, references=[order.reference])
    simulator.control.clear_faults()
    report = invoice_purchase_orders(taxed, references=[order.reference])
    assert report.failed == 0, report.results
    (invoice,) = simulator.control.all("invoice")
    assert (invoice["status"], invoice["total"]) == ("open", 22_600)
    assert len(simulator.control.all("tax_id")) == 1
    assert len(simulator.control.all("tax_rate")) == 2


UNEVEN = [
    ("isk", "333", "vat19", "63.27"),
    ("isk", "333", "vat19in", "53.17"),
    ("ugx", "1001", "nyc", "88.84"),
    ("kwd", "100.010", "gst5", "5.001"),
]
"""Taxes that nobody can pay; how Stripe would round them is written nowhere."""


@pytest.mark.parametrize(("currency", "price", "rate", "tax"), UNEVEN)
def test_a_tax_that_nobody_can_pay_is_refused_before_anything_is_sent(
    taxed, simulator, currency, price, rate, tax
):
    from po_toolkit import create_purchase_order
    from po_toolkit.api.imports import import_purchase_orders
    from po_toolkit.errors import AmountError

    with pytest.raises(AmountError, match=f"comes to {tax}, which cannot be paid in"):
        create_purchase_order(
            SLUG,
            organization_name="Acme GmbH",
            contact_email="ap@acme.example",
            currency=currency,
            line_items=lines_of([(1, price, rate)]),
            opened=taxed,
        )
    sheet = (
        "organization_name,contact_email,po_number,unit_price,currency,tax_rate\n"
        f"Acme GmbH,ap@acme.example,1,{price},{currency},{rate}\n"
        f"Acme GmbH,ap@acme.example,2,{price},{currency},exempt\n"
    )
    report = import_purchase_orders(taxed, sheet.encode(), file_name="o.csv", decimal="point")
    assert (report.accepted, report.rejected) == (1, 1)
    assert [(p.row, p.column, p.code) for p in report.problems] == [
        (2, "tax_rate", "tax_not_representable")
    ]
    assert tax in report.problems[0].message
    assert simulator.control.calls() == []


def test_a_tax_of_stripes_own_that_nobody_can_pay_is_not_sent(automatic, simulator):
    from po_toolkit import create_purchase_order

    simulator.control.tax_automatically({"IS": "24"})
    order = create_purchase_order(
        SLUG,
        organization_name="Acme hf",
        contact_email="ap@acme.example",
        currency="isk",
        billing_address="Laugavegur 1\n101 Reykjavik\nIceland",
        line_items=[{"description": "Gold", "unit_price": Decimal(48_513)}],
        opened=automatic,
    )
    report = invoice_purchase_orders(automatic, references=[order.reference])
    assert "cannot be paid in ISK" in report.results[0].error
    assert [i["status"] for i in simulator.control.all("invoice")] == []
    assert simulator.control.mails() == []
