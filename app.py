"""The app's entry file; `po-toolkit app` starts it."""

from po_toolkit.ui.shell import run

run()
