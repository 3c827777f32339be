"""Bank statements in every format, each line read exactly, asked about or set apart."""

from po_toolkit.importers.bank.files import read_bank_file
from po_toolkit.importers.bank.layout import Layout, known_layouts, layouts_in
from po_toolkit.importers.bank.model import (
    Answers,
    BadLine,
    BankFile,
    BankLine,
    Payment,
    Proof,
    Reading,
    Statement,
    prove,
    set_future_apart,
)

__all__ = [
    "Answers",
    "BadLine",
    "BankFile",
    "BankLine",
    "Layout",
    "Payment",
    "Proof",
    "Reading",
    "Statement",
    "known_layouts",
    "layouts_in",
    "prove",
    "read_bank_file",
    "set_future_apart",
]
