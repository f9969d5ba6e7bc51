"""Requirements: known checks only, and well-formed."""

from __future__ import annotations

import re

import pytest

from goldseam.clouds.aws.cloud import aws_catalog
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


def test_what_a_control_does_not_answer_to_is_left_out_and_must_be_there() -> None:
    """The mutation: leave nothing out, or pass over a requirement that the check no longer has."""
    left = required("apigateway_restapi_logging_enabled", without=("cis-aws-7.0:4.10",))
    assert {*required("apigateway_restapi_logging_enabled")} - {*left} == {"cis-aws-7.0:4.10"}
    with pytest.raises(UnknownName, match=r"cis-aws-7\.0:2\.21"):
        required("apigateway_restapi_logging_enabled", without=("cis-aws-7.0:2.21",))


ANSWERS = (
    ("cis-aws-7.0:3.2.1", "aws.rds.instance.encrypted aws.rds.cluster.encrypted", ""),
    ("cis-aws-7.0:4.10", "aws.apigateway.stage.access-logged", "aws.apigateway.stage.execution-logged"),
    ("fsbp:APIGateway.1", "aws.apigateway.stage.execution-logged", "aws.apigateway.stage.access-logged"),
    (
        "cis-aws-7.0:2.21",
        "aws.lambda.function.policy-not-public",
        "aws.lambda.function.services-bound-to-an-account",
    ),
)


@pytest.mark.parametrize(("requirement", "those", "others"), ANSWERS)
def test_a_requirement_is_claimed_by_controls_of_its_own_setting(requirement: str, those: str, others: str) -> None:
    """The mutation: map all that the check answers to, execution logs for access logs."""
    claims = {control.id for control in aws_catalog().controls if requirement in control.requirements}
    assert {*those.split()} <= claims
    assert not {*others.split()} & claims


def test_every_requirement_is_named_as_frameworks_do() -> None:
    named = {requirement for requirements in checked().values() for requirement in requirements}
    assert len(named) > 1000
    assert [name for name in named if not re.fullmatch(r"[a-z0-9.-]+:[A-Za-z0-9_.-]+", name)] == []
