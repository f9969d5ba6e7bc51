"""State that a correction adds to one of the emulator's services, saved, loaded and reset together with it."""

from __future__ import annotations

import importlib
from typing import Any


def regional_store(service: Any, name: str) -> Any:
    """A dictionary of the service for one account and region at a time."""
    return _kept(service, name, importlib.import_module("ministack.core.responses").AccountRegionScopedDict())


def account_store(service: Any, name: str) -> Any:
    """A dictionary of the service for one account at a time."""
    return _kept(service, name, importlib.import_module("ministack.core.responses").AccountScopedDict())


def _kept(service: Any, name: str, store: Any) -> Any:
    """Join the store to the service's own save, load and reset."""
    save, load, reset = service.get_state, service.load_persisted_state, service.reset

    def save_with_store() -> dict[str, object]:
        return {**save(), name: store}

    def load_with_store(data: dict[str, Any]) -> None:
        load(data)
        store._data.update(getattr(data.get(name), "_data", {}))  # noqa: SLF001

    def reset_with_store() -> None:
        reset()
        store._data.clear()  # noqa: SLF001

    service.get_state, service.load_persisted_state, service.reset = save_with_store, load_with_store, reset_with_store
    return store
