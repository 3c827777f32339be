"""Ports on this machine that a command is about to listen on."""

from __future__ import annotations

import os
import socket

from po_toolkit.errors import SettingsError


def refuse_taken(host: str, port: int) -> None:
    """Refuse a port that cannot be listened on, before anything has been started.

    Raises:
        SettingsError: Another program has it, or the address is not this machine's.
    """
    try:
        socket.create_server((host, port)).close()
    except OSError as error:
        raise SettingsError(
            f"Port {port} of {host} cannot be used: {os.strerror(error.errno or 0)}. "
            f"Choose another with --port."
        ) from None
