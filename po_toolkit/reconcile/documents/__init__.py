"""Documents for sponsors, as PDF pages and as e-invoices."""

from po_toolkit.errors import extra

with extra("pdf"):
    from po_toolkit.reconcile.documents.invoice_pdf import credit_note_pdf, invoice_pdf
    from po_toolkit.reconcile.documents.statement_pdf import statement_pdf

__all__ = ["credit_note_pdf", "invoice_pdf", "statement_pdf"]
