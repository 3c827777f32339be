"""Create purchase orders from another system's list, and send their invoices.

Run it as often as you like: what is here already is neither created nor invoiced again.
"""

from decimal import Decimal

from po_toolkit import LineItem, PurchaseOrderError, open_conference

DEALS = [
    {
        "sponsor": "Acme GmbH",
        "email": "ap@acme.example",
        "po_number": "4711",
        "items": [("Gold sponsorship", 1, "5000.00"), ("Extra tickets", 4, "400.00")],
    },
    {
        "sponsor": "Beta Ltd",
        "email": "pay at beta.example",  # refused below: no email address
        "po_number": "B-1",
        "items": [("Booth", 1, "1200.00")],
    },
]

with open_conference("pycon-2027", actor="crm") as conference:
    orders = []
    for deal in DEALS:
        found = conference.find_purchase_orders(
            organization_name=deal["sponsor"], po_number=deal["po_number"]
        )
        if found:
            orders += found
            continue
        items = [
            LineItem(description=text, quantity=quantity, unit_price=Decimal(price))
            for text, quantity, price in deal["items"]
        ]
        try:
            order = conference.create_purchase_order(
                organization_name=deal["sponsor"],
                contact_email=deal["email"],
                po_number=deal["po_number"],
                line_items=items,
            )
        except PurchaseOrderError as error:
            print(f"Not created: {error}")
            continue
        orders.append(order)

    report = conference.invoice_many(orders)
    for result in report.results:
        print(result.reference, result.outcome, result.error or result.hosted_invoice_url)
    for order in orders:
        print(order.organization_name, order.status, order.balance_due, order.currency.upper())
