"""Bank statements: CSV, OFX and QFX, MT940 and CAMT.053, each line read exactly or set apart."""

from po_toolkit.importers.bank.files import read_bank_file
from po_toolkit.importers.bank.model import BadLine, BankFile, BankLine, Statement
from po_toolkit.importers.bank.proof import Proof, prove

__all__ = ["BadLine", "BankFile", "BankLine", "Proof", "Statement", "prove", "read_bank_file"]
