"""The whole main job on sample data: a simulator, a database for the moment, a story, a proof."""

from po_toolkit.demo.app_server import app_home, serve_app
from po_toolkit.demo.play import Played, play

__all__ = ["Played", "app_home", "play", "serve_app"]
