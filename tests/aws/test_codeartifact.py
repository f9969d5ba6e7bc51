from __future__ import annotations

from typing import Any

from goldseam.clouds.aws.services import codeartifact
from goldseam.control import Example
from goldseam.model.resource import Ref
from goldseam.model.values import Json
from tests.aws.laws import ACCOUNT, REGION

REPOSITORY = codeartifact.REPOSITORY.ref("aws", ACCOUNT, REGION, "shop/main")
PYPI = f"arn:aws:codeartifact:{REGION}:{ACCOUNT}:package/shop/main/pypi//shop-core"
SCOPED = f"arn:aws:codeartifact:{REGION}:{ACCOUNT}:package/shop/main/npm/shop/ui"
FACET: Any = codeartifact.REPOSITORY.facet("open_packages")


class Packages:
    """What was asked, and a listing of packages."""

    asked: tuple[object, ...] = ()

    def every(self, *question: object) -> list[Json]:
        self.asked = question
        return [
            {"format": "pypi", "package": "shop-core"},
            {"format": "npm", "namespace": "shop", "package": "ui"},
        ]


def test_only_packages_that_are_open_both_ways_are_asked_for_all_pages_of_them() -> None:
    packages = Packages()
    assert FACET.read(packages, REPOSITORY, None).value == [SCOPED, PYPI]
    wanted = {"domain": "shop", "repository": "main", "publish": "ALLOW", "upstream": "ALLOW"}
    assert packages.asked == ("codeartifact.ListPackages", wanted, REGION, "packages")


def sent(ref: Ref, before: list[str], after: list[str]) -> list[Json]:
    return [dict(step.call.parameters) for step in FACET.write(ref, before, after)]


def test_a_package_loses_its_upstream_and_gets_it_back() -> None:
    place = {"domain": "shop", "repository": "main", "format": "npm", "namespace": "shop", "package": "ui"}
    closed, opened = ({"publish": "ALLOW", "upstream": way} for way in ("BLOCK", "ALLOW"))
    assert sent(REPOSITORY, [SCOPED, PYPI], [PYPI]) == [{**place, "restrictions": closed}]
    assert sent(REPOSITORY, [PYPI], [SCOPED, PYPI]) == [{**place, "restrictions": opened}]


def test_a_package_without_a_namespace_is_named_without_one_and_the_right_is_on_it_alone() -> None:
    (step,) = FACET.write(REPOSITORY, [PYPI], [])
    assert "namespace" not in step.call.parameters
    assert [(item.action, item.resource) for item in step.call.permissions] == [
        ("codeartifact:PutPackageOriginConfiguration", PYPI)
    ]


def test_the_names_of_the_packages_are_said() -> None:
    example = Example({"open_packages": [SCOPED, PYPI]})
    found: Any = codeartifact.packages_of_one_origin.rule(example.facets["open_packages"])
    assert found.because.startswith("`npm/shop/ui`, `pypi/shop-core` may be published here")
