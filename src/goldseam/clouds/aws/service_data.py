"""Loads botocore's description of the services, several times as fast as botocore does by itself.

A start spends most of its time on client descriptions: parsing JSON in Python, and opening each of 400 service folders
to learn that one service exists. Both go through botocore's own seams: a file loader and a component.
"""

from __future__ import annotations

import gzip
import os
import re
from pathlib import Path
from typing import Any, Final

import orjson
from botocore.exceptions import DataNotFoundError, UnknownServiceError
from botocore.loaders import JSONFileLoader, Loader

_TOLD: Final = re.compile(rb'"documentation":"[^"\\]*(?:\\.[^"\\]*)*"')
_UNTOLD: Final = b'"documentation":""'
"""Half of a description is prose for people, which no call needs; seventy descriptions are held at once."""


class OrjsonFileLoader(JSONFileLoader):  # type: ignore[misc]
    """Reads the same files with orjson."""

    def load_file(self, file_path: str) -> Any:
        """The document at the path, which comes without its ending; None when there is no such file."""
        for ending, read in ((".json", _read), (".json.gz", _unzipped)):
            path = Path(file_path + ending)
            if path.is_file():
                return orjson.loads(_TOLD.sub(_UNTOLD, read(path)))
        return None


def _read(path: Path) -> bytes:
    return path.read_bytes()


def _unzipped(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes())


class ServiceData(Loader):  # type: ignore[misc]
    """A loader that takes every folder for a service, and looks inside only the one that is asked for."""

    FILE_LOADER_CLASS = OrjsonFileLoader

    def load_service_model(self, service_name: str, type_name: str, api_version: str | None = None) -> Any:
        """The named description of a service; raises UnknownServiceError when botocore has none."""
        try:
            return super().load_service_model(service_name, type_name, api_version)
        except UnknownServiceError:
            raise
        except DataNotFoundError as error:
            raise UnknownServiceError(service_name=service_name, known_service_names=type_name) from error

    def list_available_services(self, type_name: str) -> list[str]:
        """The folders that may describe a service; whether one has `type_name` shows when it is loaded."""
        del type_name
        roots = [Path(root) for root in self.search_paths if Path(root).is_dir()]
        return sorted({folder.name for root in roots for folder in os.scandir(root) if folder.is_dir()})
