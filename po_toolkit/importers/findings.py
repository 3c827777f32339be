"""Collects what is found wrong or doubtful, with the column's own name and the cell as it came."""

from __future__ import annotations

from collections.abc import Mapping

from po_toolkit.importers.problems import RowProblem
from po_toolkit.importers.rows import Rows


class Findings:
    """The errors and warnings of a table, purchase order after purchase order."""

    def __init__(self, rows: Rows, names: Mapping[str, str]) -> None:
        """Take the rows as read, and what the column of each key is called."""
        self._rows = rows
        self._names = names
        self.errors: list[RowProblem] = []
        self.warnings: list[RowProblem] = []

    def error(self, row: int, key: str, code: str, message: str) -> None:
        """Note why the purchase order of this row is rejected."""
        self.errors.append(self._problem(row, key, code, message))

    def warn(self, row: int, key: str, code: str, message: str) -> None:
        """Note what is worth a look in this row."""
        self.warnings.append(self._problem(row, key, code, message))

    def _problem(self, row: int, key: str, code: str, message: str) -> RowProblem:
        number = self._rows.numbers[row]
        return RowProblem(
            row=number,
            column=self._names.get(key, key),
            code=code,
            value=self._rows.shown(row, key),
            message=f"Row {number}: {message}",
        )
