"""File systems and access points of EFS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.services import efs
from goldseam.model.values import ABSENT, Value
from goldseam.proving.aws_fixtures.making import pair, reference
from goldseam.proving.emulated import EmulatedGround, Fixture, FixtureResult


def _made(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> str:
    zone = facets.get("zone", ABSENT)
    more = {} if zone is ABSENT else {"AvailabilityZoneName": zone}
    encrypted = facets.get("encrypted", True)
    made = ground.make("efs.CreateFileSystem", CreationToken=name, Encrypted=encrypted, **more)
    return str(made["FileSystemId"])


def _file_system(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    refs = [reference(ground, efs.FILE_SYSTEM, _made(ground, each, facets)) for each in pair(name)]
    return FixtureResult(refs[0], {}, (refs[1],))


def _access_point(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    system = _made(ground, name, facets)
    more = {"RootDirectory": {"Path": facets["root"]}} if "root" in facets else {}
    user = facets.get("user", ABSENT)
    more |= {} if user is ABSENT else {"PosixUser": user}
    points = [
        ground.make("efs.CreateAccessPoint", ClientToken=each, FileSystemId=system, **more) for each in pair(name)
    ]
    refs = [reference(ground, efs.ACCESS_POINT, point["AccessPointId"]) for point in points]
    return FixtureResult(refs[0], {}, (refs[1],))


FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.efs.file-system": Fixture(_file_system, normal=frozenset({"BackupPolicy", "Policy"})),
    "aws.efs.access-point": Fixture(_access_point),
}
