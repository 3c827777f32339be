"""A treasurer who sees the invoice before it goes out sends it once."""

from __future__ import annotations

from decimal import Decimal

from po_toolkit import create_purchase_order, create_stripe_invoice


def ordered(conference):
    return create_purchase_order(
        "pycon-2027",
        organization_name="Acme GmbH",
        contact_email="ap@acme.example",
        po_number="4500012345",
        line_items=[{"description": "Gold", "unit_price": Decimal("15000.00")}],
        po_amount=Decimal(20000),
        opened=conference(),
    )


def test_the_preview_stands_on_the_page_and_beside_the_sent_invoice(
    show, read, conference, simulator
):
    order = ordered(conference)
    app = show("order", po=order.reference)
    assert not app.exception
    text = read(app)
    assert "4500012345" in text
    assert "1 x Gold: 15,000.00 USD" in text
    assert "5,000.00 USD is left" in text
    create_stripe_invoice(order, opened=conference())
    app = show("order", po=order.reference)
    next(b for b in app.button if b.label == "Compare with Stripe").click().run()
    assert not app.exception
    assert "Every field at Stripe is the planned one." in read(app)


def test_a_field_that_somebody_changed_at_stripe_is_named(show, read, conference, simulator):
    order = ordered(conference)
    create_stripe_invoice(order, opened=conference())
    (customer,) = simulator.control.all("customer")
    opened = conference()
    opened.gateway.write(
        f"/v1/customers/{customer['id']}", {"preferred_locales": ["fr"]}, idempotency_key="by-hand"
    )
    app = show("order", po=order.reference)
    next(b for b in app.button if b.label == "Compare with Stripe").click().run()
    assert "Not as planned: 1 field." in read(app)
