"""Money that moved: the one door into the ledger."""
