"""Kinds and controls of other people, in a distribution that is installed beside goldseam."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from goldseam.clouds.aws.cloud import AWS, aws_catalog
from goldseam.clouds.plugins import plugins, with_plugins
from goldseam.clouds.registry import clouds, whole_catalog
from goldseam.keyholder.derive import derived
from goldseam.model.errors import GrantRefused, UsageError
from goldseam.model.resource import Resource
from goldseam.repair.propose import propose

CONTROLS = """
    from goldseam.clouds.aws.services.s3.bucket import BUCKET
    from goldseam.control import Severity, Verdict, compliant, control, may_disrupt, should_be
    from goldseam.model.values import ABSENT, Value

    @control(
        "aws.s3.bucket.acme-locked", BUCKET, severity=Severity.LOW, disrupts=may_disrupt("the website"),
        compliant=[{"public_access_block": {}}], violating=[{"public_access_block": ABSENT}],
    )
    def locked(public_access_block: Value) -> Verdict:
        '''Buckets of Acme block public access.'''
        wanted = dict.fromkeys(
            ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
        )
        if public_access_block is not ABSENT:
            return compliant
        return should_be(public_access_block=wanted, because="nothing is blocked")
"""
ID = "aws.s3.bucket.acme-locked"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of installed packages; what is loaded from it is forgotten after the test."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in set(sys.modules) - before:
        if name.startswith(("acme", "other")):
            del sys.modules[name]


def install(site: Path, name: str = "acme-controls", module: str = "acme_controls", code: str = CONTROLS) -> Path:
    """A distribution as pip leaves it: a module, and metadata that names it."""
    made = site / f"{module}.py"
    made.write_text(textwrap.dedent(code), encoding="utf-8")
    about = site / f"{name.replace('-', '_')}-1.2.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n", encoding="utf-8")
    (about / "entry_points.txt").write_text(f"[goldseam.controls]\n{module} = {module}\n", encoding="utf-8")
    return made


def test_without_a_plugin_the_catalog_is_what_is_built_in() -> None:
    assert plugins() == ()
    assert whole_catalog().version == aws_catalog().version


def test_a_plugin_is_in_the_catalog_of_scan_plan_and_keyholder(site: Path) -> None:
    """The mutation: `whole_catalog` answers what is built in. A keyholder without the plug-in refuses its plans."""
    install(site)
    catalog = whole_catalog()
    control = catalog.control(ID)
    assert control.kind is catalog.kind("aws.s3.bucket")
    assert len(catalog.controls) == len(aws_catalog().controls) + 1
    assert control in catalog.controls_of["aws.s3.bucket"]
    kind = aws_catalog().kind("aws.s3.bucket")
    ref = type(kind).ref(kind, "aws", "111122223333", "eu-west-1", "shop")  # type: ignore[attr-defined]
    held = {name: kind.facet(name).normal(value) for name, value in control.violating[0].facets.items()}
    plan = propose(Resource(ref, held), [control], [control], catalog_version=catalog.version)
    with pytest.raises(GrantRefused, match="install the same goldseam on both sides"):
        derived(plan, aws_catalog(), {}, {"aws": AWS})


def test_the_command_line_knows_the_controls_of_a_plugin(site: Path) -> None:
    """The mutation: `Workspace.catalog` takes the catalogue of AWS."""
    install(site)
    paths = os.pathsep.join((str(site), *filter(None, sys.path)))
    program = [sys.executable, "-m", "goldseam", "--home", str(site / "home"), "controls", ID, "--json"]
    done = subprocess.run(program, env={**os.environ, "PYTHONPATH": paths}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["control"]["id"] == ID


def test_every_module_of_a_package_counts(site: Path) -> None:
    install(site, module="acme_root", code="")
    package = site / "acme_root"
    package.mkdir()
    (site / "acme_root.py").unlink()
    (package / "__init__.py").write_text("", encoding="utf-8")
    (package / "buckets.py").write_text(textwrap.dedent(CONTROLS), encoding="utf-8")
    assert ID in whole_catalog().control_by_id


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("import nothing_of_this_name", "does not load: ModuleNotFoundError"),
        ("1 / 0", "does not load: ZeroDivisionError"),
        ("raise SystemExit(0)", "does not load: SystemExit: 0"),
        ("def broken(:", "does not load: SyntaxError"),
        (f"{CONTROLS}\n    locked.compliant and 1 / 0", "does not load: ZeroDivisionError"),
        (CONTROLS.replace("acme-locked", "policy-not-public"), "defined by goldseam already"),
        (CONTROLS.replace('may_disrupt("the website")', 'may_disrupt("")'), "not said"),
        ("from goldseam.control import Kind\nSHOP = Kind('acme.shop', 'shop', ())", "no cloud that goldseam knows"),
        (
            "from goldseam.control import Kind\nB = Kind('aws.s3.bucket', 'b', ())",
            "`aws.s3.bucket` is defined by goldseam",
        ),
    ],
)
def test_a_plugin_that_cannot_be_used_is_an_error_that_names_it(site: Path, code: str, why: str) -> None:
    """The mutations: pass over what does not load; let the later definition win; no check of kinds."""
    install(site, code=code)
    with pytest.raises(UsageError) as told:
        whole_catalog()
    assert "the plug-in `acme_controls` of `acme-controls 1.2` cannot be used" in str(told.value)
    assert why in str(told.value)
    assert "`pip uninstall acme-controls`" in str(told.value)


def test_two_plugins_that_define_one_control_name_each_other(site: Path) -> None:
    """The mutation: forget who defined what."""
    install(site)
    install(site, "other-controls", "other_controls")
    with pytest.raises(
        UsageError, match=rf"of `other-controls 1\.2` .*control `{ID}` is defined by acme-controls 1\.2"
    ):
        whole_catalog()


def test_what_is_only_imported_is_no_clash(site: Path) -> None:
    install(site)
    install(site, "other-controls", "other_controls", "from acme_controls import BUCKET, locked")
    assert [item.id for item in whole_catalog().controls].count(ID) == 1


def test_a_fact_of_another_type_is_refused(site: Path) -> None:
    """Policies are typed by the facts' names: one name has one type. The mutation: no look at the type."""
    code = """
        from goldseam.clouds.aws.services.sqs import QUEUE
        from goldseam.control import fact, known

        @fact("{}", QUEUE, bool)
        def mine(encryption):
            '''Mine.'''
            return known(True, 'it is')
    """
    taken = {item.name for item in aws_catalog().facts if item.kind is not None and item.kind.name == "aws.sqs.queue"}
    name = next(item.name for item in aws_catalog().facts if item.type is str and item.name not in taken)
    install(site, code=code.format(name))
    with pytest.raises(UsageError, match=f"fact `{name}` has another type than that of goldseam"):
        with_plugins(aws_catalog(), plugins(), clouds())
