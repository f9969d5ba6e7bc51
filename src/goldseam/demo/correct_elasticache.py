"""Makes the emulator's ElastiCache keep what Goldseam changes: minor upgrades, and which node is backed up."""
# ruff: noqa: SLF001 (the emulator has no types and no public hooks)

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import partial
from typing import Any, Final

elasticache: Any = importlib.import_module("ministack.services.elasticache")

Parameters = dict[str, Any]
_UPGRADE: Final = "AutoMinorVersionUpgrade"
_SOURCE: Final = "SnapshottingClusterId"


def install() -> None:
    """Put every correction in place; called once, before the emulator serves."""
    for handler, word, store in (
        ("_modify_replication_group", "ReplicationGroupId", elasticache._replication_groups),
        ("_modify_cache_cluster", "CacheClusterId", elasticache._clusters),
        ("_create_cache_cluster", "CacheClusterId", elasticache._clusters),
    ):
        setattr(elasticache, handler, partial(_keeping, getattr(elasticache, handler), word, store))
    elasticache._rg_xml = partial(_with_source, elasticache._rg_xml)
    elasticache._cluster_xml_inner = partial(_with_upgrades, elasticache._cluster_xml_inner)


def _keeping(handler: Callable[[Parameters], Any], word: str, store: Any, p: Parameters) -> Any:
    held = store.get(elasticache._p(p, word))
    if held is not None:
        if upgrade := elasticache._p(p, _UPGRADE):
            held[_UPGRADE] = upgrade.lower() == "true"
        if elasticache._p(p, "SnapshotRetentionLimit"):
            kept = elasticache._p(p, "SnapshotRetentionLimit") != "0"
            held[_SOURCE] = (elasticache._p(p, _SOURCE) or held.get(_SOURCE, "")) if kept else ""
    return handler(p)


def _with_source(render: Callable[[Any], str], held: Any) -> str:
    source = held.get(_SOURCE)
    return render(held) + (f"<{_SOURCE}>{source}</{_SOURCE}>" if source else "")


def _with_upgrades(render: Callable[[Any], str], held: Any) -> str:
    return f"{render(held)}<{_UPGRADE}>{str(held.get(_UPGRADE, True)).lower()}</{_UPGRADE}>"
