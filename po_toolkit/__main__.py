"""``python -m po_toolkit``, the same as ``po-toolkit``."""

from po_toolkit.cli import main

if __name__ == "__main__":
    main()
