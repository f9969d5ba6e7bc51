"""How each kind of AWS is made fresh on an emulator, and what an emulator cannot show: a module for each service."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules

from goldseam.proving.emulated import Fixture


def aws_fixtures() -> Mapping[str, Fixture]:
    """By the name of the kind: all that the modules of this folder hold in `FIXTURES`."""
    modules = (import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__))
    return {name: fixture for module in modules for name, fixture in getattr(module, "FIXTURES", {}).items()}
