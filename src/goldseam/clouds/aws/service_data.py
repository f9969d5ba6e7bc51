"""Loads botocore's description of the services, several times as fast as botocore does by itself.

A start spends most of its time on client descriptions: parsing JSON in Python, and opening each of 400 service folders
to learn that one service exists. Both go through botocore's own seams: a file loader and a component.
"""

from __future__ import annotations

import gzip
import os
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
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
    """A loader that takes every folder for a service, and looks inside only the one that is asked for.

    Given operations, it keeps of their services only those: a client is then made in a third of the time and memory.
    """

    FILE_LOADER_CLASS = OrjsonFileLoader

    def __init__(self, folders: Sequence[str] = (), operations: Iterable[str] = ()) -> None:
        super().__init__(extra_search_paths=list(folders))
        self._kept: dict[str, set[str]] = {}
        for operation in operations:
            service, _, name = operation.partition(".")
            self._kept.setdefault(service, set()).add(name)

    def whole(self, service: str) -> None:
        """Load everything that a service can do from now on."""
        if self._kept.pop(service, None):
            self._cache.clear()

    def load_service_model(self, service_name: str, type_name: str, api_version: str | None = None) -> Any:
        """The named description of a service; raises UnknownServiceError when botocore has none."""
        try:
            model = super().load_service_model(service_name, type_name, api_version)
            if type_name == "service-2" and service_name in self._kept:
                _prune(model, self._kept[service_name])
        except UnknownServiceError:
            raise
        except DataNotFoundError as error:
            raise UnknownServiceError(service_name=service_name, known_service_names=type_name) from error
        return model

    def list_available_services(self, type_name: str) -> list[str]:
        """The folders that may describe a service; whether one has `type_name` shows when it is loaded."""
        del type_name
        roots = [Path(root) for root in self.search_paths if Path(root).is_dir()]
        return sorted({folder.name for root in roots for folder in os.scandir(root) if folder.is_dir()})


def _prune(model: dict[str, Any], names: Collection[str]) -> None:
    """Leave in a description only some operations, and the shapes that they are made of."""
    operations, shapes = model["operations"], model["shapes"]
    if operations.keys() <= set(names):
        return
    model["operations"] = {name: operations[name] for name in names if name in operations}
    kept: dict[str, Any] = {}
    left = list(_shapes_in(list(model["operations"].values())))
    while left:
        name = left.pop()
        if name not in kept:
            kept[name] = shapes[name]
            left += _shapes_in(shapes[name])
    model["shapes"] = kept


def _shapes_in(part: Any) -> Iterator[str]:
    """The names of the shapes that a part of a description refers to."""
    if isinstance(part, dict):
        if isinstance(name := part.get("shape"), str):
            yield name
        for item in part.values():
            yield from _shapes_in(item)
    elif isinstance(part, list):
        for item in part:
            yield from _shapes_in(item)
