"""Runs a worker until it is killed.

engine_worker.py DATABASE_URL API_BASE KEY
"""

from __future__ import annotations

import sys
import threading

from po_toolkit.config import Settings
from po_toolkit.jobs.worker import Worker


def main() -> None:
    database_url, api_base, key = sys.argv[1:]
    settings = Settings(
        database_url=database_url,
        stripe_api_base=api_base,
        conferences={
            "pycon-2027": {
                "name": "PyCon 2027",
                "stripe_secret_key": key,
                "timezone": "America/New_York",
            }
        },
    )
    with Worker(settings, concurrency=8):
        threading.Event().wait()


if __name__ == "__main__":
    main()
