"""CodeArtifact: repositories, and which of their packages strangers can put versions into."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from goldseam.clouds.aws.facet import AwsFacet, Get, Reading, Send, tags
from goldseam.clouds.aws.kind import REQUEST, Ask, AwsKind, Listing, changes, filled
from goldseam.clouds.aws.looks_secret import listed
from goldseam.clouds.aws.requirements import required
from goldseam.control import (
    Call,
    Example,
    Permission,
    Severity,
    Step,
    Verdict,
    compliant,
    control,
    may_disrupt,
    should_be,
)
from goldseam.model.resource import Ref
from goldseam.model.values import ABSENT, Json, Value

_OPEN: Final = {"publish": "ALLOW", "upstream": "ALLOW"}
_OWN: Final = {"publish": "ALLOW", "upstream": "BLOCK"}
_PARTS: Final = ("format", "namespace", "package")


@dataclass(frozen=True)
class OpenPackages(AwsFacet):
    """The packages, by ARN, that take versions from whoever publishes here and from upstream repositories as well.

    One that is taken out keeps its publishers and loses its upstream; one that is put in has both.
    """

    one_by_one = True

    put: Send = field(kw_only=True)

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """Every page of a listing that gives those packages only."""
        del item
        get = self.get or Get("codeartifact.ListPackages")
        found = ask.every(get.operation, filled(get.parameters, ref), ref.region, "packages")
        return Reading(self.normal([_arn(ref, package) for package in found]))

    def normal(self, value: Value) -> Value:
        """The packages in order."""
        return sorted([] if value is ABSENT else value)

    def write(self, ref: Ref, before: Value, after: Value) -> tuple[Step, ...]:
        """One call for each package."""
        state, steps = set(before), []
        for package in (package for package in after if package not in before):
            state.add(package)
            steps.append(self.step(self._call(ref, package, _OPEN), self.normal(list(state))))
        for package in (package for package in reversed(before) if package not in after):
            state.remove(package)
            steps.append(self.step(self._call(ref, package, _OWN), self.normal(list(state))))
        return tuple(steps)

    def _call(self, ref: Ref, package: str, restrictions: Mapping[str, Json]) -> Call:
        """The call, and the right to make it on the package itself."""
        names = zip(("domain", "repository", *_PARTS), package.split("/", 5)[1:], strict=True)
        call = self.put.call(ref, more={"restrictions": restrictions, **{key: name for key, name in names if name}})
        permissions = tuple(Permission(held.action, package) for held in call.permissions)
        return Call(call.operation, call.region, call.parameters, permissions)


def _arn(ref: Ref, package: Mapping[str, str]) -> str:
    """The ARN of a package in a repository; the place of a namespace stays empty where there is none."""
    named = "/".join(package.get(part, "") for part in _PARTS)
    return f"{ref.address.replace(':repository/', ':package/', 1)}/{named}"


_REPOSITORY: Final = {"domain": "{parent}", "repository": "{name}"}

REPOSITORY: Final = AwsKind(
    "aws.codeartifact.repository",
    "CodeArtifact repository",
    (
        OpenPackages(
            name="open_packages",
            get=Get("codeartifact.ListPackages", {**_REPOSITORY, **_OPEN}),
            put=Send(
                "codeartifact.PutPackageOriginConfiguration",
                {},
                ("arn:{partition}:codeartifact:{region}:{account}:package/{id}/*",),
            ),
        ),
        tags(Get("codeartifact.ListTagsForResource", {"resourceArn": "{address}"}, "tags"), key="key", value="value"),
    ),
    touched_by=(changes("codeartifact", f"{REQUEST}.resourceArn", id="arn:.+:repository/([^/]+/[^/]+)"),),
    address="arn:{partition}:codeartifact:{region}:{account}:repository/{id}",
    find=Listing(
        "codeartifact.ListRepositoriesInDomain",
        "repositories",
        id="name",
        parameters={"domain": "{parent}"},
        within=Listing("codeartifact.ListDomains", "domains", id="name"),
    ),
)

_PACKAGES: Final = "arn:aws:codeartifact:eu-west-1:123456789012:package/shop/main"
_LIBRARY: Final = f"{_PACKAGES}/maven/com.shop/core"
_SCOPED: Final = f"{_PACKAGES}/npm/shop/ui"


@control(
    "aws.codeartifact.repository.packages-of-one-origin",
    REPOSITORY,
    severity=Severity.HIGH,
    maps=required("codeartifact_packages_external_public_publishing_disabled"),
    covers=("prowler:codeartifact_packages_external_public_publishing_disabled",),
    disrupts=may_disrupt("new versions of a package that did come from an upstream repository do not arrive any more"),
    compliant=({"open_packages": []},),
    violating=(
        Example({"open_packages": [_LIBRARY]}, leaves={"open_packages": []}),
        Example({"open_packages": [_SCOPED, _LIBRARY]}, leaves={"open_packages": []}),
    ),
)
def packages_of_one_origin(open_packages: list[str]) -> Verdict:
    """No package takes versions both from its publishers and from the public.

    Whoever registers the name of an inner package in a public registry, with a higher version, is installed in its
    place. Packages that are published here keep their publishers, and take nothing from upstream any more.
    """
    if not open_packages:
        return compliant
    names = listed("/".join(filter(None, package.split("/", 5)[3:])) for package in open_packages)
    return should_be(open_packages=[], because=f"{names} may be published here and come from upstream as well")
