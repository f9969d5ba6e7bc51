"""Requirements: known checks only, and well-formed."""

from __future__ import annotations

import re
from typing import Final

import pytest

from goldseam.clouds.aws.cloud import aws_catalog
from goldseam.clouds.aws.requirements import checked, required
from goldseam.model.errors import UnknownName


def test_requirements_of_checks_are_put_together_each_once() -> None:
    one, other = required("sqs_queues_server_side_encryption_enabled"), required("s3_bucket_kms_encryption")
    assert one == ("fsbp:SQS.1", "iso-27001-2022:A.8.11", "iso-27001-2022:A.8.24")
    both = required("sqs_queues_server_side_encryption_enabled", "s3_bucket_kms_encryption")
    assert both == tuple(sorted({*one, *other}))
    assert len(both) < len(one) + len(other)
    assert required() == ()


def test_what_a_check_asks_of_other_controls_is_left_out() -> None:
    """The mutation: do not subtract `without`."""
    whole = required("s3_bucket_kms_encryption")
    assert required("s3_bucket_kms_encryption", without=whole[:1]) == whole[1:]


NOT_OF: Final = {
    "fsbp:IAM.26": {"aws.iam.server-certificate.not-expired"},
    "fsbp:DynamoDB.7": {"aws.dax.cluster.encrypted-in-transit"},
    "fsbp:Neptune.9": {"aws.neptune.cluster.multi-az"},
    "fsbp:S3.7": {"aws.s3.bucket.replicated"},
    "fsbp:RDS.38": {"aws.rds.instance.tls-required", "aws.rds.parameter-group.tls-required"},
    "fsbp:RDS.39": {"aws.rds.instance.tls-required", "aws.rds.parameter-group.tls-required"},
    "fsbp:DocumentDB.1": {"aws.docdb.cluster.encrypted"},
    "fsbp:RDS.11": {"aws.rds.instance.backed-up"},
    "fsbp:APIGateway.1": {"aws.apigateway.stage.execution-logged", "aws.apigatewayv2.stage.execution-logged"},
    "fsbp:ES.2": {"aws.opensearch.domain.in-vpc"},
    "fsbp:OpenSearch.2": {"aws.opensearch.domain.in-vpc"},
    "fsbp:IAM.1": {"aws.iam.policy.not-administrator"},
    "fsbp:EC2.22": set(),
}


@pytest.mark.parametrize("requirement", NOT_OF)
def test_a_requirement_belongs_to_the_controls_that_are_about_it(requirement: str) -> None:
    """AWS Security Hub User Guide, the control's page. The mutation: take a `without` away, or move a row back."""
    holders = {control.id for control in aws_catalog().controls if requirement in control.requirements}
    assert holders == NOT_OF[requirement]


def test_a_misspelt_check_does_not_load_and_the_nearest_is_named() -> None:
    with pytest.raises(UnknownName, match="s3_bucket_kms_encryption"):
        required("s3_bucket_kms_encrypted")


def test_what_a_control_does_not_answer_to_is_left_out_and_must_be_there() -> None:
    """The mutation: leave nothing out, or pass over a requirement that no check has."""
    left = required("apigateway_restapi_logging_enabled", without=("cis-aws-7.0:4.10",))
    assert {*required("apigateway_restapi_logging_enabled")} - {*left} == {"cis-aws-7.0:4.10"}
    with pytest.raises(UnknownName, match=r"cis-aws-7\.0:9\.99"):
        required("apigateway_restapi_logging_enabled", without=("cis-aws-7.0:9.99",))


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
