"""File systems of FSx."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.services import fsx
from goldseam.model.values import ABSENT, Value
from goldseam.proving.aws_fixtures.making import pair, reference
from goldseam.proving.emulated import EmulatedGround, Fixture, FixtureResult, Lack
from goldseam.proving.ground import CannotPlace

_MEMBERS: Final = {
    "WINDOWS": "WindowsConfiguration",
    "LUSTRE": "LustreConfiguration",
    "ONTAP": "OntapConfiguration",
    "OPENZFS": "OpenZFSConfiguration",
}
_NEEDED: Final[Mapping[str, Mapping[str, Value]]] = {
    "WINDOWS": {"ThroughputCapacity": 32},
    "LUSTRE": {},
    "ONTAP": {"DeploymentType": "MULTI_AZ_1"},
    "OPENZFS": {"DeploymentType": "SINGLE_AZ_1", "ThroughputCapacity": 64},
}


def _file_system(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    settings = facets.get("settings", {"Type": "WINDOWS"})
    deployment = facets.get("windows_deployment", ABSENT)
    make = settings["Type"]
    if make != "OPENZFS" and "CopyTagsToVolumes" in settings:
        raise CannotPlace("no file system is of two makes")
    held = {field: value for field, value in settings.items() if field != "Type"}
    if deployment is not ABSENT:
        held["DeploymentType"] = deployment
    elif "windows_deployment" in facets and make == "WINDOWS":
        make, held = "LUSTRE", {}
    configuration = {_MEMBERS[make]: {**_NEEDED[make], **held}}
    made = [
        ground.make(
            "fsx.CreateFileSystem", FileSystemType=make, StorageCapacity=1200, SubnetIds=["subnet-1"],
            ClientRequestToken=each, **configuration,
        )
        for each in pair(name)
    ]  # fmt: skip
    refs = [reference(ground, fsx.FILE_SYSTEM, each["FileSystem"]["FileSystemId"]) for each in made]
    return FixtureResult(refs[0], {}, (refs[1],))


FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.fsx.file-system": Fixture(
        _file_system, lacks=(Lack("moto", "settings", "moto fails inside when a file system is updated"),)
    )
}
