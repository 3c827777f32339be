"""Processes that begin with the toolkit imported, which costs more than what they then do."""

from __future__ import annotations

import multiprocessing

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["po_toolkit.jobs.worker"])
