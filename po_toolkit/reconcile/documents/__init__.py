"""Documents for sponsors, as PDF pages."""

from po_toolkit.reconcile.documents.invoice_pdf import invoice_pdf
from po_toolkit.reconcile.documents.statement_pdf import statement_pdf

__all__ = ["invoice_pdf", "statement_pdf"]
