"""PostgreSQL for tests: Debian's own server, started once, and a fresh database for each test."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
import pytest

from po_toolkit.store.database import open_store
from po_toolkit.store.schema import migrate

TEMPLATE = "po_toolkit_template"
EMPTY = "template0"

_WATCH = "import subprocess, sys; sys.stdin.read(); subprocess.run(sys.argv[1:])"
"""Stops the server as soon as the tests end, also when they are killed."""


_CUT_OFF = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_EMPTYING = """
SELECT string_agg('DELETE FROM ' || oid::regclass, '; ') FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND pg_relation_size(oid) > 0
AND relname NOT IN ('alembic_version', 'audit_head')
"""
"""TRUNCATE makes new files for each table and index, which costs twenty times as much."""
_NUMBERS_BEGIN_AGAIN = """
SELECT setval(seqrelid, seqstart, false) FROM pg_sequence
WHERE pg_sequence_last_value(seqrelid) IS NOT NULL
"""


class Server:
    """A running server; its databases are copies of one that is migrated already."""

    def __init__(self, port: int, control: Callable[..., None]) -> None:
        self.port = port
        self._control = control
        self._numbers = count(1)
        self._given_back: list[str] = []

    def url(self, database: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def execute(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)

    def stop(self) -> None:
        """Stop as if the machine had lost power."""
        self._control("-m", "immediate", "stop")

    def start(self) -> None:
        self._control("-w", "start")

    def create(self, *, template: str = TEMPLATE) -> str:
        name = f"t{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def lend(self) -> str:
        """Return a database without rows: one that was given back, since making one takes long."""
        return self._given_back.pop() if self._given_back else self.create()

    def take_back(self, name: str) -> None:
        """Empty a database that was lent, and cut off who is still connected to it."""
        with psycopg.connect(self.url(name), autocommit=True) as connection:
            connection.execute(_CUT_OFF)
            connection.execute("SET session_replication_role = replica")  # no trigger forbids it
            (emptying,) = connection.execute(_EMPTYING).fetchone() or ("",)
            if emptying:
                connection.execute(emptying)
            connection.execute(_NUMBERS_BEGIN_AGAIN)
            connection.execute("UPDATE audit_head SET entries = 0, digest = ''")
        self._given_back.append(name)

    def drop(self, name: str) -> None:
        self.execute(f"DROP DATABASE {name} WITH (FORCE)")


def binaries() -> Path | None:
    """Return the folder of Debian's newest PostgreSQL, or the one on the PATH."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    found = debian[-1] if debian else shutil.which("initdb")
    return Path(found).parent if found else None


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    if binaries() is None:
        reason = "PostgreSQL is not installed; run: apt-get install postgresql"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(f"NOT TRIED ON POSTGRESQL: {reason}")
    with running() as server:
        yield server


@contextmanager
def running() -> Iterator[Server]:
    """Run a server of its own while the block runs; it does not outlast a crash of the machine."""
    bin_folder = binaries()
    if bin_folder is None:
        raise RuntimeError("PostgreSQL is not installed")
    with tempfile.TemporaryDirectory(prefix="po-toolkit-pg-") as folder:
        yield from _run(bin_folder, Path(folder))


def _run(bin_folder: Path, folder: Path) -> Iterator[Server]:
    user = [] if os.geteuid() else ["runuser", "-u", "postgres", "--"]
    if user:
        shutil.chown(folder, "postgres")
    data = folder / "data"
    port = _free_port()
    flags = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"

    def run(*command: str) -> None:
        subprocess.run(
            [*user, str(bin_folder / command[0]), *command[1:]],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=folder,
        )

    run("initdb", "-D", str(data), "-A", "trust", "-U", "postgres", "--no-sync", "-E", "UTF8",
        "--locale=C.UTF-8")  # fmt: skip
    log = str(folder / "log")

    def control(*arguments: str) -> None:
        run("pg_ctl", "-D", str(data), "-l", log, "-o", flags, *arguments)

    control("-w", "start")
    stop = [*user, str(bin_folder / "pg_ctl"), "-D", str(data), "-m", "immediate", "stop"]
    watch = subprocess.Popen(
        [sys.executable, "-c", _WATCH, *stop],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        cwd=folder,
    )
    try:
        server = Server(port, control)
        server.execute(f"CREATE DATABASE {TEMPLATE}")
        store = open_store(server.url(TEMPLATE))
        migrate(store)
        store.engine.dispose()
        yield server
    finally:
        watch.communicate()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
