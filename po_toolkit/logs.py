"""Logging, set up before anything else by each process: to stderr, and never with a secret in it.

Results go to stdout; whatever is logged, by us or by a library, goes to stderr. Two things keep
secrets out: every logger of ours renders its own line, without the variables of a traceback; and
the streams of a process that has called :func:`configure_logging` hide what :func:`redact` knows,
whoever writes to them: a library's handler, an uncaught exception, a child's traceback.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from functools import cached_property
from typing import Any
from urllib.parse import quote, unquote

_KEYS = r"\b((?:sk|rk)_(?:org_)?(?:live|test)_|sk_org_|whsec_)[A-Za-z0-9+/=_-]+"
_IN_ADDRESS = r"(?i:(\b[a-z][a-z0-9+.-]*://[^\s:/@]*:)[^\s/]*(?=@))"
_NAMED = (
    r"(?i:(\b(?:\w*password|\w*passwd|pwd|client_secret|cookie_secret)['\"]?\s*[=:]\s*)"
    r"(?:'[^']*'|\"[^\"]*\"|[^\s'\",;&)\]}]+))"
)
_PATTERNS = f"{_KEYS}|{_IN_ADDRESS}|{_NAMED}"
_SECRET_NAME = re.compile(r"(?i)secret|password|passwd|token|(^|_)key$|webhook_url")
_SHORTEST = 6
"""Characters a secret needs to be hidden wherever it appears; a shorter one is a part of words."""

_hidden: set[str] = set()
_secret = re.compile(_PATTERNS)


def redact(text: str) -> str:
    """Replace every secret by an ellipsis, with what comes before it and says which it was.

    Hidden are Stripe's keys and signing secrets, passwords in addresses or under their names, and
    the values that :func:`hide` got.
    """
    return _secret.sub(lambda found: next(filter(None, found.groups()), "") + "…", text)


def hide(*secrets: str) -> None:
    """Keep values out of everything that this process writes, however they are quoted."""
    global _secret  # noqa: PLW0603 a process has one set of secrets
    spelled = {
        form
        for secret in secrets
        for plain in (secret, unquote(secret))
        for form in (plain, quote(plain, safe=""), repr(plain)[1:-1], json.dumps(plain)[1:-1])
        if len(form) >= _SHORTEST
    }
    if spelled <= _hidden:
        return
    _hidden.update(spelled)
    values = "|".join(map(re.escape, sorted(_hidden, key=len, reverse=True)))
    _secret = re.compile(f"{_PATTERNS}|(?:{values})")


def hide_in(settings: Mapping[str, Any]) -> None:
    """Hide every value of a settings file whose name says that it is a secret, at any depth."""
    for name, value in settings.items():
        if isinstance(value, Mapping):
            hide_in(value)
        elif _SECRET_NAME.search(name):
            values = value if isinstance(value, list) else [value]
            hide(*(value for value in values if isinstance(value, str)))


def redact_rendered(_logger: Any, _method: str, rendered: Any) -> str:
    """Hide the secrets of a finished log line: the last structlog processor."""
    return redact(rendered)


def get_logger(name: str) -> Any:
    """Return a logger of structlog, which is loaded now and not with the package.

    It keeps to this module's rules also where the host program configures structlog in its own way,
    or not at all.
    """
    import structlog

    return structlog.wrap_logger(
        logging.getLogger(name),
        processors=[structlog.stdlib.filter_by_level, *_shared(), _render],
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


class Sparing:
    """Lets one line a minute through of each kind, so that a stranger cannot fill the disk."""

    SECONDS = 60.0

    def __init__(self) -> None:
        """Begin with every kind allowed."""
        self._last: dict[str, tuple[float, int]] = {}

    def suppressed_before(self, kind: str) -> int | None:
        """Return how many were suppressed since the last one, or None to suppress this one."""
        now = time.monotonic()
        last, suppressed = self._last.get(kind, (float("-inf"), 0))
        if now - last < self.SECONDS:
            self._last[kind] = (last, suppressed + 1)
            return None
        self._last[kind] = (now, 0)
        return suppressed


class _Sparingly(logging.Filter):
    """Thins out what a server says of each broken request."""

    def __init__(self) -> None:
        super().__init__()
        self._sparing = Sparing()

    def filter(self, record: logging.LogRecord) -> bool:
        """Pass errors, and one warning of a kind a minute."""
        quiet = record.levelno > logging.WARNING
        return quiet or self._sparing.suppressed_before(str(record.msg)) is not None


def during(**facts: Any) -> AbstractContextManager[None]:
    """Add facts, such as an event's id, to every line that is logged while the block runs."""
    from structlog.contextvars import bound_contextvars

    return bound_contextvars(**facts)


def configure_logging(level: int = logging.WARNING, *, server: bool = False) -> None:
    """Send this process's logs to stderr, and keep secrets out of all it writes; safe to repeat.

    Args:
        level: The lowest level shown.
        server: Whether stdout, too, is no result of a command, but what libraries print.
    """
    global _configured  # noqa: PLW0603 a process has one way of logging
    _configured = True
    for name in ("stderr", "stdout") if server else ("stderr",):
        _guard(name)
    handler = _Stderr()
    handler.setFormatter(_Redacted())
    root = logging.getLogger()
    root.handlers[:] = [h for h in root.handlers if not isinstance(h, _Stderr)] + [handler]
    root.setLevel(level)
    for talker in ("alembic", "fontTools", "stripe", "uvicorn"):
        logging.getLogger(talker).setLevel(max(level, logging.WARNING))
    server_errors = logging.getLogger("uvicorn.error")
    if not any(isinstance(known, _Sparingly) for known in server_errors.filters):
        server_errors.addFilter(_Sparingly())


def log_as_json(wanted: bool) -> None:
    """Choose between lines for people and one JSON object a line, for log collectors."""
    global _as_json  # noqa: PLW0603 a process has one way of logging
    _as_json = wanted


_configured = False
_as_json = False


def _shared() -> list[Any]:
    import structlog

    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _render(logger: Any, method: str, event: Any) -> Any:
    """Leave a line to this process's formatter; in a host that has none, render it here."""
    import structlog

    if _configured:
        return structlog.stdlib.ProcessorFormatter.wrap_for_formatter(logger, method, event)
    event = structlog.processors.format_exc_info(logger, method, event)
    for known in ("timestamp", "level", "logger"):  # the host's own formatter has them
        event.pop(known, None)
    return redact(structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0)(None, method, event))


class _Redacted(logging.Formatter):
    """Renders a record through structlog, which is loaded for the first record."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the finished line."""
        return (self._json if _as_json else self._text).format(record)

    @cached_property
    def _text(self) -> logging.Formatter:
        import structlog

        return _formatter(structlog.dev.ConsoleRenderer(colors=False))

    @cached_property
    def _json(self) -> logging.Formatter:
        import structlog

        return _formatter(structlog.processors.JSONRenderer(ensure_ascii=False, default=str))


def _formatter(renderer: Any) -> logging.Formatter:
    import structlog

    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*_shared(), structlog.stdlib.PositionalArgumentsFormatter()],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            renderer,
            redact_rendered,
        ],
    )


class _Stderr(logging.StreamHandler[Any]):
    """Writes to whatever stderr is now, so that a redirection made later holds."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        self.stream = sys.stderr
        super().emit(record)


class _Guarded:
    """A stream of the process that hides secrets, whoever writes to it."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write text without its secrets."""
        self._stream.write(redact(text))
        return len(text)

    def writelines(self, lines: Any) -> None:
        """Write lines without their secrets."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _guard(name: str) -> None:
    """Put the guard before a stream, also for the handlers that others have made already."""
    stream = getattr(sys, name)
    if stream is None or isinstance(stream, _Guarded):
        return
    guarded = _Guarded(stream)
    setattr(sys, name, guarded)
    loggers = [logging.getLogger(), *logging.root.manager.loggerDict.values()]
    for logger in loggers:
        for handler in getattr(logger, "handlers", ()):
            if getattr(handler, "stream", None) is stream:
                handler.stream = guarded
