"""Settings that name something else, and where that must be; how a cloud names its things is the cloud's affair."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Final

from goldseam.model.resource import Ref

NOWHERE: Final = "global"
"""The region of a resource that an account has once."""


@dataclass(frozen=True)
class Naming(ABC):
    """How a setting names a thing of a cloud: in an annotation, `Annotated[str, …]`.

    `type_name` is the type as people write it. `kind` names the kind by whose listing the thing is found, for what has
    no region in its full name. `full_name` is what the cloud calls a name that says everything. With `own`, the control
    gets a bare name, which can only be one of the resource's own account.
    """

    type_name: str
    kind: str = ""
    full_name: str = "address"
    own: bool = False

    @abstractmethod
    def checked(self, value: object) -> str:
        """The text, if it names such a thing; raises ValueError that says how it is named."""

    @abstractmethod
    def found(self, value: str, ref: Ref, region: str) -> Target:
        """The thing that a checked text means for a resource: a bare name is one of the resource's account and region.

        Raises ValueError where the name alone does not say where it is.
        """


@dataclass(frozen=True, slots=True)
class Target:
    """What a setting names: the text that the control gets, the bare name, and what a full name says of where it is."""

    written: str
    name: str
    region: str
    account: str


@dataclass(frozen=True, slots=True)
class Placed:
    """Where the cloud wants what a setting names: in an annotation, beside the naming.

    `region` is a region, `same` for that of the resource, or `any`; `account` says whether it must be of the resource's
    account. `source` is the page that says so.
    """

    source: str
    region: str = "same"
    account: bool = False
