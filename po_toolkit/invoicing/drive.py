"""Where the batch tests still import the lease from; see :mod:`po_toolkit.invoicing.lease`."""

from po_toolkit.invoicing.lease import claim

__all__ = ["claim"]
