"""Settings that name something else: each kind of thing by its name or its ARN, and where it must be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from goldseam.model.resource import Ref

NOWHERE: Final = "global"
"""The region of a resource that an account has once."""


@dataclass(frozen=True)
class Naming:
    """How a setting names a thing: by a bare name or by its ARN, of which the control gets the form that it writes.

    `arn` is the pattern of the ARN with `{partition}`, `{region}`, `{account}` and `{name}`; `name` is the regular
    expression of a name, empty where a name alone does not say which one it is. `kind` names the kind by whose listing
    the thing is found, for what has no region in its ARN. `others` are ARNs of other things that do as well.
    """

    type_name: str
    what: str
    arn: str
    name: str
    as_arn: bool = False
    kind: str = ""
    others: tuple[str, ...] = ()

    @cached_property
    def _arns(self) -> tuple[tuple[str, re.Pattern[str]], ...]:
        return tuple((arn, self._pattern(arn)) for arn in (self.arn, *self.others))

    def _pattern(self, arn: str) -> re.Pattern[str]:
        parts = {
            "partition": "(?P<partition>[a-z-]+)",
            "region": "(?P<region>[a-z0-9-]+)",
            "account": r"(?P<account>\d{12})",
            "name": f"(?P<name>{self.name or '.+'})",
        }
        written = re.escape(arn)
        for part, pattern in parts.items():
            written = written.replace(re.escape(f"{{{part}}}"), pattern)
        return re.compile(rf"{written}(:\*)?")

    def checked(self, value: object) -> str:
        """The text, if it is a name or an ARN of such a thing; raises ValueError."""
        if isinstance(value, str) and (self._held(value)[1] or (self.name and re.fullmatch(self.name, value))):
            return value
        arns = " or ".join(f"`{arn}`" for arn, _ in self._arns)
        msg = f"{self.what} is given by its name or its ARN, {arns}" if self.name else f"{self.what} is given by {arns}"
        raise ValueError(msg)

    def found(self, value: str, ref: Ref, region: str) -> Target:
        """The thing that a checked text means for a resource: a bare name is one of the resource's account and region.

        Raises ValueError where the name alone does not say where it is.
        """
        arn, said = self._held(value)
        if not said and self.as_arn and "{region}" in arn and region == NOWHERE:
            msg = f"`{value}` names no region, and the resource is in none; write the ARN"
            raise ValueError(msg)
        partition = ref.address.split(":")[1] if ref.address.count(":") > 1 else ref.kind.partition(".")[0]
        place = {"partition": partition, "region": region, "account": ref.account, "name": value, **said}
        written = arn.format(**place) if self.as_arn else place["name"]
        return Target(written, place["name"], said.get("region", ""), said.get("account", ""))

    def _held(self, value: str) -> tuple[str, dict[str, str]]:
        """The ARN that a text is, with its parts; the parts are empty for a bare name."""
        for arn, pattern in self._arns:
            if held := pattern.fullmatch(value):
                return arn, held.groupdict()
        return self.arn, {}


@dataclass(frozen=True, slots=True)
class Target:
    """What a setting names: the text that the control gets, the bare name, and what an ARN says of where it is."""

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
