"""Kinds, controls and facts of other people: modules that installed distributions name under one entry point.

What is installed beside goldseam is trusted like goldseam itself: its rules decide, and its calls are made. A plug-in
that does not load, or that takes a name which is taken, ends the command; nothing is judged by half a catalogue.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pkgutil import walk_packages
from types import ModuleType
from typing import Final

from goldseam.clouds.protocol import cloud_of
from goldseam.control import Catalog
from goldseam.model.display import visible
from goldseam.model.errors import UsageError

GROUP: Final = "goldseam.controls"
"""The entry point: a name, and a module or a package, of which every module counts."""

_LONGEST: Final = 200
"""Characters of somebody else's error that are shown."""


@dataclass(frozen=True, slots=True)
class Plugin:
    """The modules that one entry point of a distribution names."""

    distribution: str
    entry: str
    modules: tuple[ModuleType, ...]


def plugins() -> tuple[Plugin, ...]:
    """Every plug-in that is installed, by distribution and name; raises UsageError for one that does not load."""
    found = sorted(entry_points(group=GROUP), key=lambda point: (_distribution(point), point.name))
    return tuple(_loaded(point) for point in found)


def with_plugins(built: Catalog, found: Iterable[Plugin], known: Mapping[str, object]) -> Catalog:
    """The catalog with what plug-ins define for the `known` clouds; raises UsageError for a name that is taken."""
    catalog, owners = built, dict[str, str]()
    for plugin in found:
        try:
            added = Catalog.of(plugin.modules)
        except (TypeError, ValueError) as error:
            raise _refused(plugin.distribution, plugin.entry, str(error)) from error
        if faults := [*_foreign(added, known), *_clashes(catalog, added, owners)]:
            raise _refused(plugin.distribution, plugin.entry, "; ".join(faults))
        owners |= dict.fromkeys(_new_names(catalog, added), plugin.distribution)
        catalog = _joined(catalog, added)
    return catalog


def _loaded(point: EntryPoint) -> Plugin:
    distribution = _distribution(point)
    try:
        held = point.load()
        modules = tuple(_modules(held)) if isinstance(held, ModuleType) else ()
    except (Exception, SystemExit) as error:
        why = f"it does not load: {type(error).__name__}: {visible(str(error)[:_LONGEST])}"
        raise _refused(distribution, point.name, why) from error
    if not modules:
        raise _refused(distribution, point.name, f"`{point.value}` is no module")
    return Plugin(distribution, point.name, modules)


def _modules(held: ModuleType) -> Iterator[ModuleType]:
    yield held
    for found in walk_packages(getattr(held, "__path__", ()), f"{held.__name__}.", onerror=_give_up):
        yield import_module(found.name)


def _give_up(name: str) -> None:
    """Let a package that cannot be imported count as what it is; without this, its modules would be left out."""
    import_module(name)


def _distribution(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist is not None else "unknown"


def _refused(distribution: str, entry: str, why: str) -> UsageError:
    name = distribution.partition(" ")[0]
    return UsageError(
        f"the plug-in `{entry}` of `{distribution}` cannot be used: {why}; "
        f"mend it, or remove it with `pip uninstall {name}`"
    )


def _foreign(added: Catalog, known: Mapping[str, object]) -> Iterator[str]:
    """Kinds of no cloud: nothing could read them, and nothing would vouch for their addresses."""
    for kind in added.kinds:
        if cloud_of(kind.name) not in known:
            yield f"kind `{kind.name}` is of no cloud that goldseam knows ({', '.join(known)})"


def _clashes(held: Catalog, added: Catalog, owners: Mapping[str, str]) -> Iterator[str]:
    """Names that mean something else already; what a module only imports is the same thing, and no clash."""
    facts = {(fact.name, fact.kind): fact for fact in held.facts}
    for kind in added.kinds:
        if held.kind_by_name.get(kind.name, kind) is not kind:
            yield f"kind `{kind.name}` is defined by {owners.get(kind.name, 'goldseam')} already"
    for control in added.controls:
        if held.control_by_id.get(control.id, control) is not control:
            yield f"control `{control.id}` is defined by {owners.get(control.id, 'goldseam')} already"
    for fact in added.facts:
        if facts.get((fact.name, fact.kind), fact) is not fact:
            yield f"fact `{fact.name}` is defined by {owners.get(fact.name, 'goldseam')} already"
        elif held.fact_types.get(fact.name, fact.type) is not fact.type:
            yield f"fact `{fact.name}` has another type than that of {owners.get(fact.name, 'goldseam')}"


def _new_names(held: Catalog, added: Catalog) -> Iterator[str]:
    yield from added.kind_by_name.keys() - held.kind_by_name.keys()
    yield from added.control_by_id.keys() - held.control_by_id.keys()
    yield from added.fact_types.keys() - held.fact_types.keys()


def _joined(held: Catalog, added: Catalog) -> Catalog:
    kinds = {kind.name: kind for kind in (*added.kinds, *held.kinds)}
    controls = {control.id: control for control in (*added.controls, *held.controls)}
    facts = {id(fact): fact for fact in (*held.facts, *added.facts)}
    return Catalog(
        tuple(kinds[name] for name in sorted(kinds)),
        tuple(controls[name] for name in sorted(controls)),
        tuple(facts.values()),
    )
