"""Where exceptions end: an expected failure becomes one line on stderr and an exit code."""

from __future__ import annotations

from typing import Any, NoReturn

import typer
from typer.core import TyperGroup

from po_toolkit.errors import PoToolkitError
from po_toolkit.logs import redact

FAILED = 1
WRONG_USAGE = 2
PARTIAL = 3


class Commands(TyperGroup):
    """The commands, with every expected failure told in one line instead of a traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Run the chosen command; exits 1 when it fails in an expected way."""
        try:
            return super().invoke(ctx)
        except PoToolkitError as error:
            complain(str(error))
        except BrokenPipeError:
            raise
        except OSError as error:
            complain(_os_error(error))
        except Exception as error:
            reason = database_error(error)
            if not reason:
                raise
            complain(
                f"The database cannot be used: {reason}. Check database_url in the settings; "
                f"po-toolkit status shows it."
            )
        raise typer.Exit(FAILED)


def complain(message: str) -> None:
    """Write an error to stderr, with nothing secret in it."""
    typer.echo(f"Error: {redact(message)}", err=True)


def tell(message: str) -> None:
    """Write a remark for the person at the terminal to stderr."""
    typer.echo(redact(message), err=True)


def wrong_usage(message: str) -> NoReturn:
    """End the command with exit code 2: it was called in a way that cannot be right."""
    complain(message)
    raise typer.Exit(WRONG_USAGE)


def _os_error(error: OSError) -> str:
    reason = error.strerror or str(error)
    return f"{error.filename}: {reason}." if error.filename else f"{reason}."


def database_error(error: Exception) -> str:
    """Return in one line why the database cannot be used, or nothing for any other error."""
    from sqlalchemy.exc import DatabaseError, OperationalError

    if type(error) not in {DatabaseError, OperationalError}:
        return ""
    return redact(str(getattr(error, "orig", error)).strip().splitlines()[0])
