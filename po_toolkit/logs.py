"""Logging, set up once by each process: to stderr, and never with a key in it.

Results go to stdout; whatever is logged, by us or by a library, goes to stderr through one
formatter whose last step hides Stripe keys and signing secrets.
"""

from __future__ import annotations

import logging
import re
import sys
from functools import cached_property
from typing import Any

_SECRET = re.compile(r"\b((?:sk|rk)_(?:live|test)_|whsec_)[A-Za-z0-9+/=_-]+")


def redact(text: str) -> str:
    """Replace every Stripe key and signing secret by its prefix and an ellipsis."""
    return _SECRET.sub(r"\1…", text)


def redact_rendered(_logger: Any, _method: str, rendered: Any) -> str:
    """Hide the secrets of a finished log line: the last structlog processor."""
    return redact(rendered)


def get_logger(name: str) -> Any:
    """Return a logger of structlog, which is loaded now and not with the package."""
    import structlog

    if _configured:
        _configure_structlog()
    return structlog.get_logger(name)


def configure_logging(level: int = logging.WARNING) -> None:
    """Send this process's logs to stderr, redacted; safe to repeat.

    Args:
        level: The lowest level shown.
    """
    global _configured  # noqa: PLW0603 a process has one way of logging
    _configured = True
    if "structlog" in sys.modules:
        _configure_structlog()
    handler = _Stderr()
    handler.setFormatter(_Redacted())
    root = logging.getLogger()
    root.handlers[:] = [h for h in root.handlers if not isinstance(h, _Stderr)] + [handler]
    root.setLevel(level)
    for talker in ("alembic", "stripe"):
        logging.getLogger(talker).setLevel(max(level, logging.WARNING))


_configured = False


def _shared() -> list[Any]:
    import structlog

    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _configure_structlog() -> None:
    import structlog

    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_shared(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


class _Redacted(logging.Formatter):
    """Renders a record through structlog, which is loaded for the first record."""

    @cached_property
    def _renderer(self) -> logging.Formatter:
        import structlog

        return structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*_shared(), structlog.stdlib.PositionalArgumentsFormatter()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.dev.ConsoleRenderer(colors=False),
                redact_rendered,
            ],
        )

    def format(self, record: logging.LogRecord) -> str:
        """Return the finished line."""
        return self._renderer.format(record)


class _Stderr(logging.StreamHandler[Any]):
    """Writes to whatever stderr is now, so that a redirection made later holds."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        self.stream = sys.stderr
        super().emit(record)
