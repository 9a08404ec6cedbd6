"""The web app: what browsers are served (`app/`), and how its files are named and kept (`bundle.py`)."""

from arena.web.bundle import Asset, Bundle, load_bundle

__all__ = ["Asset", "Bundle", "load_bundle"]
