"""Logging, set up once by each process: to stderr, and never with a key in it.

Results go to stdout; whatever is logged, by us or by a library, goes to stderr through one
formatter whose last step hides Stripe keys and signing secrets.
"""

from __future__ import annotations

import logging
import re
import sys
from typing import Any

import structlog

_SECRET = re.compile(r"\b((?:sk|rk)_(?:live|test)_|whsec_)[A-Za-z0-9+/=_-]+")


def redact(text: str) -> str:
    """Replace every Stripe key and signing secret by its prefix and an ellipsis."""
    return _SECRET.sub(r"\1…", text)


def redact_rendered(_logger: Any, _method: str, rendered: Any) -> str:
    """Hide the secrets of a finished log line: the last structlog processor."""
    return redact(rendered)


def configure_logging(level: int = logging.WARNING) -> None:
    """Send this process's logs to stderr, redacted; safe to repeat.

    Args:
        level: The lowest level shown.
    """
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = _Stderr()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.PositionalArgumentsFormatter()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.dev.ConsoleRenderer(colors=False),
                redact_rendered,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [h for h in root.handlers if not isinstance(h, _Stderr)] + [handler]
    root.setLevel(level)
    for talker in ("alembic", "stripe"):
        logging.getLogger(talker).setLevel(max(level, logging.WARNING))


class _Stderr(logging.StreamHandler[Any]):
    """Writes to whatever stderr is now, so that a redirection made later holds."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        self.stream = sys.stderr
        super().emit(record)
