"""The clouds that goldseam knows, by name: the one place where they are put together.

Whoever needs a cloud is handed it as a `Cloud`; only what composes a process asks here.
"""

from __future__ import annotations

from collections.abc import Mapping

from goldseam.clouds.aws.cloud import AWS
from goldseam.clouds.plugins import plugins, with_plugins
from goldseam.clouds.protocol import Cloud, cloud_of
from goldseam.control import Catalog
from goldseam.model.errors import UnknownName, UsageError


def clouds() -> Mapping[str, Cloud]:
    """Every cloud by its name, which is the first word of its kinds."""
    known: tuple[Cloud, ...] = (AWS,)
    return {cloud.name: cloud for cloud in known}


def cloud_named(name: str) -> Cloud:
    """The cloud of that name; raises UnknownName."""
    known = clouds()
    if name not in known:
        raise UnknownName("cloud", name, known)
    return known[name]


def cloud_of_kind(kind: str) -> Cloud:
    """The cloud that a kind or a control is of, by its name; raises UnknownName."""
    return cloud_named(cloud_of(kind))


def default_cloud() -> Cloud:
    """The cloud that is meant where a command names none."""
    return AWS


def cloud_of_role(role: str) -> Cloud:
    """The cloud that the name of a role is one of; raises UsageError that says what each takes."""
    why = []
    for cloud in clouds().values():
        try:
            cloud.role_account(role)
        except UsageError as error:
            why.append(str(error))
        else:
            return cloud
    raise UsageError("; ".join(why))


def renamed_controls() -> Mapping[str, str]:
    """Controls that were given another id: old id, new id."""
    return {old: new for cloud in clouds().values() for old, new in cloud.renamed.items()}


def whole_catalog() -> Catalog:
    """Every kind, control and fact of every cloud, and of what is installed beside goldseam; raises UsageError."""
    return with_plugins(_built_in(), plugins(), clouds())


def _built_in() -> Catalog:
    parts = [cloud.catalog() for cloud in clouds().values()]
    controls = sorted((control for part in parts for control in part.controls), key=lambda control: control.id)
    kinds = sorted((kind for part in parts for kind in part.kinds), key=lambda kind: kind.name)
    return Catalog(tuple(kinds), tuple(controls), tuple(fact for part in parts for fact in part.facts))
