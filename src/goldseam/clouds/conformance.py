"""What is proved of every cloud, put together for the conformance kit, which knows none."""

from __future__ import annotations

from typing import Final

from goldseam.clouds.aws.proving.kit import AwsKit
from goldseam.clouds.plugins import plugins
from goldseam.clouds.registry import whole_catalog
from goldseam.control import Catalog
from goldseam.proving.kit import CloudKit, Proving


def built_in() -> Proving:
    """Every catalog, and what each cloud is proved by; plug-ins bring fixtures of their own."""
    modules = tuple(module.__name__ for plugin in plugins() for module in plugin.modules)
    return Proving(_catalog, KITS, modules)


def _catalog() -> Catalog:
    return whole_catalog()


KITS: Final[dict[str, CloudKit]] = {"aws": AwsKit()}
