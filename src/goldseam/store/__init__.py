"""What is kept, all of it in one folder."""

from goldseam.store.home import Home

__all__ = ["Home"]
