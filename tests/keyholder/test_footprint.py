"""The keyholder stays small: what a person must trust is what it loads."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

_LOADED = "import json, sys; {}; print(json.dumps(sorted({{name.split('.')[0] for name in sys.modules}})))"
_RUN = "import goldseam.keyholder.commands as c, goldseam.keyholder.server, goldseam.clouds.aws.client as a; from goldseam.clouds.aws.cloud import aws_catalog; aws_catalog()"  # noqa: E501


def loaded(statement: str) -> set[str]:
    command = [sys.executable, "-c", _LOADED.format(statement)]
    return set(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))


def test_importing_the_package_loads_no_library() -> None:
    assert not loaded("import goldseam.keyholder") & {"botocore", "cryptography", "yaml", "http", "ssl"}


@pytest.mark.parametrize("library", ["rich", "typer", "cel_expr_python", "sqlite3", "boto3"])
def test_running_it_loads_nothing_that_it_does_not_need(library: str) -> None:
    assert library not in loaded(_RUN)
