"""The command line: one module for each noun, each command one call of the API plus printing.

Results go to stdout, everything else to stderr. Exit codes: 0 all done; 1 failed; 2 wrong usage;
3 done in part (some rows or purchase orders were rejected, each named); 4 what
``reconcile --fail-on`` names was found.
"""

import os
import sys
from copy import copy

from po_toolkit.cli.app import app


def main() -> None:
    """Run the command line; the entry point of ``po-toolkit``.

    What it writes, databases, exports and mails, is for whoever runs it alone.
    """
    os.umask(0o077)
    tree = copy(app)
    called = [command for command in app.registered_commands if [command.name] == sys.argv[1:2]]
    if called:  # Typer builds every command at each start, which takes longer than most of them
        tree.registered_commands, tree.registered_groups = called, []
    tree(prog_name="po-toolkit")


__all__ = ["app", "main"]
