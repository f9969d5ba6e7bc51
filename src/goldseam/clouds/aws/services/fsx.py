"""FSx: file systems of four makes, how they are backed up and what their copies carry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Final

from goldseam.clouds.aws.facet import AwsFacet, Look, Send, tags, until
from goldseam.clouds.aws.kind import REQUEST, AwsKind, Listing, changes
from goldseam.clouds.aws.requirements import required
from goldseam.control import (
    Between,
    Example,
    Severity,
    Step,
    Verdict,
    compliant,
    control,
    harmless,
    may_disrupt,
    should_be,
    violation,
)
from goldseam.model.errors import PlanRefused
from goldseam.model.resource import Ref
from goldseam.model.values import ABSENT, Json, Value

_MAKES: Final[Mapping[str, str]] = {
    "WINDOWS": "WindowsConfiguration",
    "LUSTRE": "LustreConfiguration",
    "ONTAP": "OntapConfiguration",
    "OPENZFS": "OpenZFSConfiguration",
}
_DAYS: Final = "AutomaticBackupRetentionDays"
_COPIES: Final = ("CopyTagsToBackups", "CopyTagsToVolumes")
_CAN_BE_SET: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(("WINDOWS", "LUSTRE", "ONTAP"), (_DAYS,)),
    "OPENZFS": (_DAYS, *_COPIES),
}
"""What `UpdateFileSystem` takes of each make (FSx API Reference)."""


def _settings(raw: Json) -> Value:
    """The make and its settings; what a make does not have is not there."""
    make = raw["FileSystemType"]
    held = raw.get(_MAKES.get(make, "")) or {}
    return {"Type": make, **{name: held[name] for name in (_DAYS, *_COPIES) if held.get(name) is not None}}


@dataclass(frozen=True)
class OfMake(AwsFacet):
    """Settings that a call takes inside the parameter of the file system's make, those only that differ."""

    modify: Send = field(kw_only=True)

    def write(self, ref: Ref, before: Value, after: Value) -> tuple[Step, ...]:
        """One update with the settings that differ."""
        differing = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
        if not differing:
            return ()
        settable = _CAN_BE_SET.get(before["Type"], ())
        if lost := [name for name in differing if name not in settable or name not in after]:
            msg = f"{', '.join(lost)} of the {self.name} of {ref} cannot be set or removed"
            raise PlanRefused(msg)
        more = {_MAKES[before["Type"]]: {name: after[name] for name in differing}}
        return (self.step(self.modify.call(ref, more=more), after),)


def _deployment(raw: Json) -> Value:
    return (raw.get("WindowsConfiguration") or {}).get("DeploymentType") or ABSENT


FILE_SYSTEM: Final = AwsKind(
    "aws.fsx.file-system",
    "FSx file system",
    (
        OfMake(
            name="settings",
            listed="",
            decode=_settings,
            waits=until("Lifecycle", "AVAILABLE", "FAILED", "MISCONFIGURED", of="the file system"),
            modify=Send("fsx.UpdateFileSystem", {"FileSystemId": "{id}"}),
        ),
        Look(name="windows_deployment", listed="", decode=_deployment),
        tags(),
    ),
    touched_by=(changes("fsx", f"{REQUEST}.fileSystemId"),),
    address="arn:{partition}:fsx:{region}:{account}:file-system/{id}",
    find=Listing("fsx.DescribeFileSystems", "FileSystems", id="FileSystemId", narrow={"FileSystemIds": ["{id}"]}),
)

_ZFS: Final = {"Type": "OPENZFS", _DAYS: 30, "CopyTagsToBackups": True, "CopyTagsToVolumes": True}
_WINDOWS: Final = {"Type": "WINDOWS", _DAYS: 30, "CopyTagsToBackups": True}


@control(
    "aws.fsx.file-system.backed-up",
    FILE_SYSTEM,
    severity=Severity.MEDIUM,
    disrupts=may_disrupt(
        "storage I/O of clients may be suspended for a few seconds in every daily backup window; backups are "
        "charged by size",
        source="FSx for Windows File Server User Guide, Working with automatic daily backups",
    ),
    compliant=[
        {"settings": _ZFS},
        {"settings": {"Type": "LUSTRE"}},
        Example({"settings": {**_WINDOWS, _DAYS: 7}}, {"days": 7}),
    ],
    violating=[
        Example({"settings": {**_ZFS, _DAYS: 0}}, {"days": 30}, leaves={"settings": _ZFS}),
        Example({"settings": {**_WINDOWS, _DAYS: 0}}, leaves={"settings": {**_WINDOWS, _DAYS: 7}}),
    ],
)
def backed_up(settings: Mapping[str, Json], *, days: Annotated[int, Between(1, 90)] = 7) -> Verdict:
    """Automatic backups are kept for some days.

    They are the way back from a wrong deletion and from ransom. Scratch file systems have none and pass.
    """
    kept = settings.get(_DAYS)
    if kept is None or kept >= days:
        return compliant
    return should_be(settings={**settings, _DAYS: days}, because=f"backups are kept for {kept} of {days} days")


@control(
    "aws.fsx.file-system.tags-copied-to-backups",
    FILE_SYSTEM,
    severity=Severity.LOW,
    disrupts=harmless(
        "only backups made from then on get the tags",
        source="Amazon FSx API Reference, UpdateFileSystemOpenZFSConfiguration",
    ),
    maps=required("fsx_file_system_copy_tags_to_backups_enabled"),
    compliant=[{"settings": _ZFS}, {"settings": _WINDOWS}, {"settings": {"Type": "ONTAP", _DAYS: 7}}],
    violating=[
        Example({"settings": {**_ZFS, "CopyTagsToBackups": False}}, leaves={"settings": _ZFS}),
        {"settings": {**_WINDOWS, "CopyTagsToBackups": False}},
    ],
)
def tags_copied_to_backups(settings: Mapping[str, Json]) -> Verdict:
    """Backups carry the tags of their file system.

    Owner, data class and access rules that go by tags then hold for the copies as well.
    """
    if settings.get("CopyTagsToBackups") is not False:
        return compliant
    because = "tags are not copied to backups"
    if "CopyTagsToBackups" in _CAN_BE_SET.get(settings["Type"], ()):
        return should_be(settings={**settings, "CopyTagsToBackups": True}, because=because)
    return violation(
        because=because,
        guide="this make takes it only when a file system is made: restore a backup with tags copied and move to it, "
        "or tag backups by a backup plan and exempt this file system",
    )


@control(
    "aws.fsx.file-system.tags-copied-to-volumes",
    FILE_SYSTEM,
    severity=Severity.LOW,
    disrupts=harmless(
        "only volumes and snapshots made from then on get the tags",
        source="Amazon FSx API Reference, UpdateFileSystemOpenZFSConfiguration",
    ),
    maps=required("fsx_file_system_copy_tags_to_volumes_enabled"),
    compliant=[{"settings": _ZFS}, {"settings": _WINDOWS}],
    violating=[Example({"settings": {**_ZFS, "CopyTagsToVolumes": False}}, leaves={"settings": _ZFS})],
)
def tags_copied_to_volumes(settings: Mapping[str, Json]) -> Verdict:
    """Volumes carry the tags of their file system.

    Owner, data class and access rules that go by tags then hold for the parts as well. Only OpenZFS has this.
    """
    if settings.get("CopyTagsToVolumes") is not False:
        return compliant
    wanted = {**settings, "CopyTagsToVolumes": True}
    return should_be(settings=wanted, because="tags are not copied to volumes")


@control(
    "aws.fsx.file-system.windows-multi-az",
    FILE_SYSTEM,
    severity=Severity.LOW,
    maps=required("fsx_windows_file_system_multi_az_enabled"),
    compliant=[{"windows_deployment": "MULTI_AZ_1"}, {"windows_deployment": ABSENT}],
    violating=[{"windows_deployment": "SINGLE_AZ_2"}],
)
def windows_multi_az(windows_deployment: Value) -> Verdict:
    """A file system for Windows has a standby in another zone.

    Without one the loss of a zone, and every piece of maintenance, is an outage.
    """
    if windows_deployment is ABSENT or windows_deployment.startswith("MULTI_AZ"):
        return compliant
    return violation(
        because=f"the file system is {windows_deployment}",
        guide="restore a backup as a Multi-AZ file system, copy what changed since with DataSync or robocopy, point "
        "the clients' DNS alias to it, and delete this one",
    )
