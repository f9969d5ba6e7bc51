"""Controls that were given another id: old id, new id. A home that knows the old ones is brought up to date by it.

Whoever renames a control adds a line here and raises `store.upgrade.FORMAT` by one; lines are never removed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

RENAMED: Final[Mapping[str, str]] = {}
