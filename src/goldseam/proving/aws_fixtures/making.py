"""What fixtures of several services are made with."""

from __future__ import annotations

from goldseam.clouds.aws.kind import AwsKind
from goldseam.model.errors import CloudError
from goldseam.model.resource import Ref
from goldseam.model.values import Json
from goldseam.proving.emulated import REGION, EmulatedGround


def reference(ground: EmulatedGround, kind: AwsKind, name: str, region: str = REGION) -> Ref:
    """The reference of a resource that was made with a name or id."""
    where = "global" if kind.account_wide else region
    return kind.ref("aws", ground.account, where, name)


def pair(name: str) -> tuple[str, str]:
    """The names of a resource and of the neighbour beside it."""
    return name, f"{name}-beside"


def quietly(ground: EmulatedGround, operation: str, **params: Json) -> None:
    """Delete what may not be there."""
    try:
        ground.make(operation, **params)
    except CloudError as error:
        if not error.code.startswith("NoSuch"):
            raise


def once(ground: EmulatedGround, operation: str, **params: Json) -> None:
    """Make what may be there already."""
    try:
        ground.make(operation, **params)
    except CloudError as error:
        if error.code not in {"EntityAlreadyExists", "LimitExceeded"}:
            raise
