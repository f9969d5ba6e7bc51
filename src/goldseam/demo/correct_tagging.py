"""Makes the emulator's tagging service see EC2, RDS and CloudTrail too, in listings and in IAM conditions."""
# ruff: noqa: SLF001 (the emulator has no types and no public hooks)

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any, Final

cloudtrail: Any = importlib.import_module("ministack.services.cloudtrail")
ec2: Any = importlib.import_module("ministack.services.ec2")
rds: Any = importlib.import_module("ministack.services.rds")
tagging: Any = importlib.import_module("ministack.services.tagging")

Tagged = Iterator[tuple[str, list[dict[str, str]]]]

_EC2_TYPES: Final = {
    "eni": "network-interface",
    "fl": "vpc-flow-log",
    "i": "instance",
    "sg": "security-group",
    "sgr": "security-group-rule",
    "subnet": "subnet",
    "vol": "volume",
    "vpc": "vpc",
}


def install() -> None:
    """Put every correction in place; called once, before the emulator serves."""
    for service, collect in (("ec2", _of_ec2), ("rds", _of_rds), ("cloudtrail", _of_cloudtrail)):
        tagging._COLLECTORS[service] = tagging._RESOURCE_TAG_COLLECTORS[service] = collect


def _of_ec2() -> Tagged:
    place = f"arn:aws:ec2:{ec2.get_region()}"
    for name, tags in ec2._tags.items():
        prefix = name.split("-", 1)[0]
        if prefix == "snap":
            yield f"{place}::snapshot/{name}", tags
        elif prefix in _EC2_TYPES:
            yield f"{place}:{ec2.get_account_id()}:{_EC2_TYPES[prefix]}/{name}", tags


def _of_rds() -> Tagged:
    place = f"arn:aws:rds:{ec2.get_region()}:"
    yield from ((arn, tags) for arn, tags in rds._tags.items() if arn.startswith(place))


def _of_cloudtrail() -> Tagged:
    place = f"arn:aws:cloudtrail:{ec2.get_region()}:"
    for arn, tags in cloudtrail._trail_tags.items():
        if arn.startswith(place):
            yield arn, [{"Key": key, "Value": value} for key, value in tags.items()]
