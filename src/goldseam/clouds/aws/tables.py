"""Tables that stand beside the code as CSV files."""

from __future__ import annotations

import csv
from importlib.resources import files


def table(name: str, folder: str = "goldseam.clouds.aws") -> list[dict[str, str]]:
    """The rows of a table, each by the names of the columns; `folder` is the package that holds the file."""
    text = files(folder).joinpath(name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
