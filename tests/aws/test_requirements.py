"""Requirements: known checks only, well-formed, and none that no control answers to."""

from __future__ import annotations

import re

import pytest

from goldseam.clouds.aws import requirements
from goldseam.clouds.aws.cloud import aws_catalog
from goldseam.clouds.aws.requirements import required


def test_requirements_of_checks_are_put_together_each_once() -> None:
    one, other = required("sqs_queues_server_side_encryption_enabled"), required("s3_bucket_kms_encryption")
    assert one == ("fsbp:SQS.1", "iso-27001-2022:A.8.11", "iso-27001-2022:A.8.24")
    both = required("sqs_queues_server_side_encryption_enabled", "s3_bucket_kms_encryption")
    assert both == tuple(sorted({*one, *other}))
    assert len(both) < len(one) + len(other)
    assert required() == ()


def test_a_misspelt_check_does_not_load() -> None:
    with pytest.raises(KeyError):
        required("s3_bucket_kms_encrypted")


def test_every_requirement_is_named_as_frameworks_do_and_answered_by_a_control() -> None:
    answered = {name for control in aws_catalog().controls for name in control.requirements}
    for check in requirements._REQUIRED:
        assert required(check), check
        assert all(re.fullmatch(r"[a-z0-9.-]+:[A-Za-z0-9_.]+", name) for name in required(check)), check
        assert set(required(check)) <= answered, check
