"""Reverse proxies before the app: a small one of our own, and nginx as the guide sets it up."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import subprocess
import threading
from pathlib import Path
from typing import Self

GUIDE = Path(__file__).parents[2] / "docs" / "app.md"
VISITOR = "203.0.113.9"


class SmallProxy:
    """Passes connections on to a port of this machine, as a proxy elsewhere does.

    Every request says that it was forwarded; websockets stay open, all else is closed when it is
    answered, so that no second request passes unmarked.
    """

    def __init__(self, port: int, target: int) -> None:
        self._port, self._target = port, target
        self._up = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._up.wait(10)
        return self

    def __exit__(self, *failure: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()

    async def _serve(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        await asyncio.start_server(self._visit, "127.0.0.1", self._port, limit=2**20)
        self._up.set()
        await self._over.wait()

    async def _visit(self, visitor: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        try:
            head = (await visitor.readuntil(b"\r\n\r\n")).decode("latin-1")
            app, forth = await asyncio.open_connection("127.0.0.1", self._target)
        except (asyncio.IncompleteReadError, OSError):
            back.close()
            return
        if not re.search(r"^upgrade:", head, re.IGNORECASE | re.MULTILINE):
            head = re.sub(r"(?im)^connection:.*\r\n", "", head)
            head = head.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n")
        head = head.replace("\r\n\r\n", f"\r\nX-Forwarded-For: {VISITOR}\r\n\r\n")
        forth.write(head.encode("latin-1"))
        await asyncio.gather(_pour(visitor, forth), _pour(app, back))


async def _pour(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    try:
        while chunk := await source.read(65536):
            sink.write(chunk)
            await sink.drain()
    except OSError:
        pass
    finally:
        sink.close()


class Nginx:
    """nginx with the block that docs/app.md gives to be copied."""

    def __init__(self, binary: str, folder: Path, port: int, target: int) -> None:
        block = re.search(r"```nginx\n(.*?)```", GUIDE.read_text(), re.DOTALL)
        assert block is not None
        folder.mkdir()
        kept = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        parts = " ".join(f"{name}_temp_path {folder}/{name};" for name in kept)
        location = block[1].replace("127.0.0.1:8501", f"127.0.0.1:{target}")
        (folder / "nginx.conf").write_text(
            f"daemon off; pid {folder}/pid; error_log {folder}/error.log;\n"
            "events {}\n"
            "http {\n"
            "access_log off; client_body_buffer_size 2m; proxy_max_temp_file_size 0;\n"
            f"{parts}\n"
            f"server {{ listen 127.0.0.1:{port};\n{location}}}\n"
            "}\n"
        )
        self._port = port
        self._command = [binary, "-p", str(folder), "-c", str(folder / "nginx.conf")]

    def __enter__(self) -> Self:
        self._server = subprocess.Popen(self._command, stderr=subprocess.DEVNULL)
        for _ in range(500):
            try:
                socket.create_connection(("127.0.0.1", self._port)).close()
            except OSError:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._server.wait(0.02)
                    break
            else:
                return self
        raise AssertionError("nginx did not start")

    def __exit__(self, *failure: object) -> None:
        self._server.terminate()
        self._server.wait(20)
