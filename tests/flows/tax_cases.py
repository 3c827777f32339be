"""Rates, and forty cases of tax with the totals worked out by hand."""

from __future__ import annotations

RATES = {
    "vat19": {"name": "VAT", "percentage": "19", "country": "DE", "type": "vat"},
    "vat7": {"name": "VAT", "percentage": "7", "country": "DE", "type": "vat"},
    "vat19in": {"name": "VAT", "percentage": "19", "inclusive": True, "country": "DE"},
    "vat7in": {"name": "VAT", "percentage": "7", "inclusive": True},
    "vat77in": {"name": "MWST", "percentage": "7.7", "inclusive": True, "country": "CH"},
    "vat81": {"name": "MWST", "percentage": "8.1", "country": "CH"},
    "vat20": {"name": "VAT", "percentage": "20", "country": "GB"},
    "vat20in": {"name": "VAT", "percentage": "20", "inclusive": True, "country": "GB"},
    "vat255": {"name": "ALV", "percentage": "25.5", "country": "FI"},
    "gst5": {"name": "GST", "percentage": "5", "country": "CA", "type": "gst"},
    "pst7": {"name": "PST", "percentage": "7", "country": "CA", "state": "BC", "type": "pst"},
    "qst": {"name": "QST", "percentage": "9.975", "country": "CA", "state": "QC", "type": "qst"},
    "gst10in": {"name": "GST", "percentage": "10", "inclusive": True, "country": "AU"},
    "gst18": {"name": "IGST", "percentage": "18", "country": "IN", "type": "igst"},
    "nyc": {"name": "Sales tax", "percentage": "8.875", "country": "US", "type": "sales_tax"},
    "ct10": {"name": "Consumption tax", "percentage": "10", "country": "JP", "type": "jct"},
    "ct8in": {"name": "Consumption tax", "percentage": "8", "inclusive": True, "country": "JP"},
    "zero": {"name": "Zero-rated", "percentage": "0"},
    "tiny": {"name": "Levy", "percentage": "0.0001"},
    "whole": {"name": "Levy", "percentage": "100"},
}

L = tuple[int, str, str]
"""Quantity, unit price, rates with + between them."""

CASES: list[tuple[str, list[L], str, str]] = [
    # currency, lines, tax in the total, total
    ("eur", [(1, "100.00", "vat19")], "19.00", "119.00"),
    ("eur", [(1, "119.00", "vat19in")], "19.00", "119.00"),
    ("eur", [(1, "100.00", "vat19"), (1, "100.00", "vat7")], "26.00", "226.00"),
    ("eur", [(3, "33.33", "vat19")], "19.00", "118.99"),
    # three lines of 33.33 bear 6.33 each (6.3327): 18.99, one cent less than one line of three
    ("eur", [(1, "33.33", "vat19")] * 3, "18.99", "118.98"),
    ("eur", [(1, "0.10", "vat20"), (1, "50.00", "none")], "0.02", "50.12"),
    # 0.10 x 5 % = 0.005, a half, upwards
    ("cad", [(1, "0.10", "gst5"), (1, "50.00", "none")], "0.01", "50.11"),
    ("cad", [(1, "0.10", "gst5")] * 3 + [(1, "50.00", "none")], "0.03", "50.33"),
    ("cad", [(1, "100.50", "gst5+pst7")], "12.07", "112.57"),
    # 5.025 -> 5.03 and 9.975 % of 100.50 = 10.024875 -> 10.02
    ("cad", [(1, "100.50", "gst5+qst")], "15.05", "115.55"),
    ("cad", [(1, "1000.00", "gst5+qst"), (2, "9.99", "gst5")], "150.75", "1170.73"),
    ("usd", [(1, "99.99", "nyc")], "8.87", "108.86"),
    ("usd", [(7, "14.29", "nyc")], "8.88", "108.91"),
    ("usd", [(1, "15000.00", "nyc"), (3, "850.00", "nyc")], "1557.56", "19107.56"),
    ("usd", [(1, "100.00", "exempt")], "0.00", "100.00"),
    ("usd", [(1, "100.00", "exempt"), (1, "100.00", "nyc")], "8.88", "208.88"),
    ("usd", [(1, "100.00", "none")], "0.00", "100.00"),
    ("usd", [(1, "100.00", "zero")], "0.00", "100.00"),
    ("eur", [(1, "1000.00", "reverse_charge")], "0.00", "1000.00"),
    ("eur", [(1, "1000.00", "reverse_charge"), (1, "10.00", "vat19")], "1.90", "1011.90"),
    ("eur", [(1, "100.00", "vat19"), (1, "-10.00", "vat19")], "17.10", "107.10"),
    # a discount of 0.50 bears -0.095, a half away from zero: -0.10
    ("eur", [(1, "100.00", "vat19"), (1, "-0.50", "vat19")], "18.90", "118.40"),
    ("eur", [(1, "100.00", "vat19"), (2, "-5.05", "none")], "19.00", "108.90"),
    ("eur", [(1, "119.00", "vat19in"), (1, "-11.90", "vat19in")], "17.10", "107.10"),
    ("eur", [(1, "107.00", "vat7in"), (1, "119.00", "vat19in")], "26.00", "226.00"),
    ("eur", [(1, "100.00", "vat255")], "25.50", "125.50"),
    ("eur", [(1, "0.02", "vat255"), (1, "1.00", "vat255")], "0.27", "1.29"),
    ("chf", [(1, "10.00", "vat77in")], "0.71", "10.00"),
    ("chf", [(1, "1234.55", "vat81")], "100.00", "1334.55"),
    ("chf", [(9, "3.33", "vat77in")], "2.14", "29.97"),
    ("gbp", [(1, "0.60", "vat20in")], "0.10", "0.60"),
    ("gbp", [(1, "0.63", "vat20in")], "0.11", "0.63"),
    ("gbp", [(12, "41.67", "vat20")], "100.01", "600.05"),
    # inside 10 %: 1100 / 1.1 = 1000; on top of it 5 % of 1000
    ("aud", [(1, "1100.00", "gst10in+gst5")], "150.00", "1150.00"),
    ("inr", [(1, "99999.99", "gst18")], "18000.00", "117999.99"),
    ("jpy", [(1, "1650000", "ct10")], "165000", "1815000"),
    ("jpy", [(3, "333", "ct10"), (1, "108", "ct8in")], "108", "1207"),
    ("kwd", [(1, "100.000", "gst5")], "5.000", "105.000"),
    ("isk", [(1, "48500", "vat20")], "9700", "58200"),
    ("usd", [(1, "100.00", "whole"), (1, "5000.00", "tiny")], "100.01", "5200.01"),
]
