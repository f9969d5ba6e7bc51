"""Requirements: known checks only, and well-formed."""

from __future__ import annotations

import re

import pytest

from goldseam.clouds.aws.requirements import checked, required
from goldseam.errors import UnknownName


def test_requirements_of_checks_are_put_together_each_once() -> None:
    one, other = required("sqs_queues_server_side_encryption_enabled"), required("s3_bucket_kms_encryption")
    assert one == ("fsbp:SQS.1", "iso-27001-2022:A.8.11", "iso-27001-2022:A.8.24")
    both = required("sqs_queues_server_side_encryption_enabled", "s3_bucket_kms_encryption")
    assert both == tuple(sorted({*one, *other}))
    assert len(both) < len(one) + len(other)
    assert required() == ()


def test_a_misspelt_check_does_not_load_and_the_nearest_is_named() -> None:
    with pytest.raises(UnknownName, match="s3_bucket_kms_encryption"):
        required("s3_bucket_kms_encrypted")


def test_every_requirement_is_named_as_frameworks_do() -> None:
    named = {requirement for requirements in checked().values() for requirement in requirements}
    assert len(named) > 1000
    assert [name for name in named if not re.fullmatch(r"[a-z0-9.-]+:[A-Za-z0-9_.-]+", name)] == []
