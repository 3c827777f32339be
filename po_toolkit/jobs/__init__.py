"""Background work: batches, and tasks that a page, a command or the clock starts."""
