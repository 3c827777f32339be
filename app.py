"""The app's entry file: `streamlit run app.py`."""

from po_toolkit.ui.shell import run

run()
