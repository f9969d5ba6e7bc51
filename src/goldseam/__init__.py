"""Goldseam keeps public-cloud accounts at a secure configuration, and shows every mend."""

from typing import Final

__version__: Final = "0.1.0"
