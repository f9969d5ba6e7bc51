"""SES, MQ, MSK, SageMaker, Transfer and AppSync: what the laws do not say of them."""

from __future__ import annotations

import pytest

from goldseam.clouds.aws.services import appsync, emr, kafka, mq, sagemaker, sesv2, transfer
from goldseam.clouds.aws.shapes import Document
from goldseam.control import Example, Violation
from goldseam.model.values import ABSENT, Json, Placeholder
from tests.aws.laws import operations, parameters, planned, ref_of, verdict
from tests.aws.test_kinesis_firehose import Told

ARN = "arn:aws:ses:eu-west-1:123456789012:identity/example.com"
ANYONE = {"Effect": "Allow", "Principal": "*", "Action": "ses:SendEmail", "Resource": ARN}
PARTNER = {**ANYONE, "Principal": {"AWS": "arn:aws:iam::210987654321:root"}}


def policy(*held: Json) -> Json:
    return {"Version": "2012-10-17", "Statement": list(held)}


def test_peers_03_each_policy_of_an_identity_loses_its_public_statement_only() -> None:
    held = {"a": policy(ANYONE), "b": policy(PARTNER, ANYONE), "c": policy(PARTNER)}
    plan = planned(sesv2.policies_not_public, Example({"policies": held}))
    assert operations(plan) == ["sesv2.DeleteEmailIdentityPolicy", "sesv2.UpdateEmailIdentityPolicy"] or operations(
        plan
    ) == ["sesv2.UpdateEmailIdentityPolicy", "sesv2.DeleteEmailIdentityPolicy"]
    assert {sent["PolicyName"] for sent in parameters(plan)} == {"a", "b"}
    assert {call.operation for call in plan.undo} == {
        "sesv2.CreateEmailIdentityPolicy",
        "sesv2.UpdateEmailIdentityPolicy",
    }


def test_every_change_of_a_cluster_names_the_version_that_is_read_just_before() -> None:
    example = Example({"client_broker": "TLS_PLAINTEXT", "between_brokers": True, "serverless": False})
    plan = planned(kafka.tls_only, example)
    assert parameters(plan)[0]["CurrentVersion"] == Placeholder("client_broker", "CurrentVersion")
    assert plan.calls[0].asks == frozenset({"client_broker"})


def test_peers_10_a_broker_that_waits_for_a_restart_is_not_repaired_again() -> None:
    held = {"General": False, "Audit": False, "GeneralLogGroup": "g", "Pending": {"General": True, "Audit": True}}
    facet = mq.BROKER.facet("logs")
    assert isinstance(facet, Document)
    reading = facet.read(Told({"Logs": held, "EngineType": "ACTIVEMQ"}), ref_of(mq.BROKER), None)
    assert reading.value == {"General": False, "Audit": False}
    assert reading.pending == "a restart of the broker, for logs: Audit, General"
    both = {"General": True, "Audit": True}
    example = Example({"logs": reading.value, "logs_waiting": both, "engine": "ACTIVEMQ"})
    assert isinstance(verdict(mq.logged, example), Violation)


def test_a_log_that_rabbitmq_does_not_have_is_not_named_to_it() -> None:
    facet = mq.BROKER.facet("logs")
    assert isinstance(facet, Document)
    rabbit = {"Logs": {"General": False, "Audit": False}, "EngineType": "RabbitMQ"}
    assert facet.read(Told(rabbit), ref_of(mq.BROKER), None).value == {"General": False}
    example = Example({"logs": {"General": False}, "logs_waiting": {}, "engine": "RABBITMQ"})
    assert parameters(planned(mq.logged, example)) == [{"BrokerId": "goldseam-example", "Logs": {"General": True}}]


def test_a_notebook_that_runs_is_not_touched() -> None:
    example = Example({"settings": ABSENT, "status": "InService"})
    assert isinstance(verdict(sagemaker.without_root, example), Violation)
    stopped = planned(sagemaker.without_root, Example({"settings": ABSENT, "status": "Stopped"}))
    assert parameters(stopped) == [{"NotebookInstanceName": "goldseam-example", "RootAccess": "Disabled"}]


def test_a_server_whose_only_protocol_is_plain_ftp_is_for_people() -> None:
    assert isinstance(verdict(transfer.no_plain_ftp, Example({"settings": {"Protocols": ["FTP"]}})), Violation)
    plan = planned(transfer.no_plain_ftp, Example({"settings": {"Protocols": ["SFTP", "FTP"]}}))
    assert parameters(plan)[0]["Protocols"] == ["SFTP"]


def test_the_role_of_an_api_s_log_is_handed_over_again_with_every_change() -> None:
    role = "arn:aws:iam::123456789012:role/logs"
    logs = {"fieldLogLevel": "NONE", "cloudWatchLogsRoleArn": role}
    plan = planned(appsync.fields_logged, Example({"settings": {"authenticationType": "AWS_IAM", "logConfig": logs}}))
    assert {(permission.action, permission.resource) for permission in plan.permissions} >= {("iam:PassRole", role)}


@pytest.mark.parametrize(("ranges", "left"), [([(22, 22), (80, 90)], [(22, 22)]), ([(0, 65535)], [])])
def test_ports_but_22_lose_their_exception(ranges: list[tuple[int, int]], left: list[tuple[int, int]]) -> None:
    def block(of: list[tuple[int, int]]) -> Json:
        permitted = [{"MinRange": low, "MaxRange": high} for low, high in of]
        return {"BlockPublicSecurityGroupRules": True, "PermittedPublicSecurityGroupRuleRanges": permitted}

    plan = planned(emr.public_access_blocked, Example({"public_block": block(ranges)}))
    assert parameters(plan) == [{"BlockPublicAccessConfiguration": block(left)}]
