"""DynamoDB: one update for one table, keys of one's own, capacity there and back, tags beside tags."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from goldseam.clouds.aws.facet import AwsFacet
from goldseam.clouds.aws.permissions import remediator_policy
from goldseam.clouds.aws.services import dynamodb
from goldseam.clouds.aws.services.dynamodb import TABLE, deletion_protected, encrypted_with_kms, scaled, tagged
from goldseam.control import Compliant, Example, Violation
from goldseam.model.values import Json
from goldseam.repair.propose import propose
from tests.aws.laws import ACCOUNT, REGION, as_read, parameters, planned, ref_of, verdict
from tests.aws.live import live

KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
BARE = {"DeletionProtectionEnabled": False, "KmsKey": ""}


def test_two_findings_on_the_settings_are_one_update() -> None:
    resource = as_read(encrypted_with_kms, Example({"settings": BARE}))
    plan = propose(resource, [encrypted_with_kms, deletion_protected], [encrypted_with_kms, deletion_protected])
    assert parameters(plan) == [
        {
            "TableName": "goldseam-example",
            "DeletionProtectionEnabled": True,
            "SSESpecification": {"Enabled": True, "SSEType": "KMS"},
        }
    ]
    assert plan.undo[0].parameters["SSESpecification"] == {"Enabled": False}


@pytest.mark.parametrize(("key", "on"), [(KEY, KEY), ("alias/data", f"arn:aws:kms:{REGION}:{ACCOUNT}:key/*")])
def test_peers_11_the_chosen_key_is_in_the_call_and_its_rights_in_the_grant(key: str, on: str) -> None:
    plan = planned(encrypted_with_kms, Example({"settings": BARE}, {"kms_key": key}))
    assert parameters(plan)[0]["SSESpecification"] == {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key}
    rights = {item.action for item in plan.permissions if item.resource == on}
    assert {"kms:CreateGrant", "kms:DescribeKey"} <= rights
    held = str(remediator_policy([encrypted_with_kms], account=ACCOUNT))
    assert f"arn:aws:kms:*:{ACCOUNT}:key/*" in held


def test_the_way_back_from_requests_restores_every_capacity() -> None:
    (undo,) = planned(scaled, scaled.violating[0]).undo
    assert undo.parameters == {
        "TableName": "goldseam-example",
        "BillingMode": "PROVISIONED",
        "ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5},
        "GlobalSecondaryIndexUpdates": [
            {"Update": {
                "IndexName": "by-day", "ProvisionedThroughput": {"ReadCapacityUnits": 3, "WriteCapacityUnits": 2},
            }}
        ],
    }  # fmt: skip


def test_peers_01_a_tag_is_added_beside_the_others_and_alone_taken_away() -> None:
    plan = planned(tagged, Example({"tags": {"team": "shop"}}, {"tag": "owner", "value": "ana"}))
    assert parameters(plan)[0]["Tags"] == [{"Key": "owner", "Value": "ana"}]
    assert plan.undo[0].parameters["TagKeys"] == ["owner"]


def test_tags_that_aws_writes_do_not_say_whose_a_table_is() -> None:
    """The mutation: count every tag; each table of a stack has `aws:cloudformation:stack-name`.

    DynamoDB.5 ignores system tags (AWS Security Hub User Guide, "Security Hub controls for DynamoDB").
    """
    of_aws = {"aws:cloudformation:stack-name": "shop"}
    assert isinstance(verdict(tagged, Example({"tags": of_aws})), Violation)
    assert isinstance(verdict(tagged, Example({"tags": {**of_aws, "team": "shop"}})), Compliant)


class Scaled:
    """Application Auto Scaling with targets for two tables and policies for parts of them."""

    def one(self, operation: str, parameters: Mapping[str, Json], region: str) -> Mapping[str, Json]:
        raise NotImplementedError

    def every(self, operation: str, parameters: Mapping[str, Json], region: str, member: str) -> list[Json]:
        del parameters, region, member
        read, write = (f"dynamodb:table:{name}CapacityUnits" for name in ("Read", "Write"))
        suspended = {"SuspendedState": {"DynamicScalingOutSuspended": True, "DynamicScalingInSuspended": False}}
        if operation.endswith("DescribeScalableTargets"):
            return [
                {"ResourceId": "table/carts", "ScalableDimension": read},
                {"ResourceId": "table/carts", "ScalableDimension": write},
                {"ResourceId": "table/orders", "ScalableDimension": read},
                {"ResourceId": "table/orders", "ScalableDimension": write, **suspended},
                {"ResourceId": "table/users", "ScalableDimension": read},
            ]
        held = [("carts", read), ("orders", read), ("orders", write), ("users", write)]
        return [{"ResourceId": f"table/{table}", "ScalableDimension": each} for table, each in held]

    def today(self) -> str:
        raise NotImplementedError


def test_a_scalable_target_without_a_policy_or_suspended_scales_nothing() -> None:
    """The mutation: read the targets alone; of `users` the policy is for another dimension."""
    facet = TABLE.facet("scaling")
    assert isinstance(facet, AwsFacet)
    names = ("carts", "orders", "users", "other")
    found = {name: facet.read(Scaled(), ref_of(TABLE, name), None).value for name in names}
    read = ["ReadCapacityUnits"]
    assert found == {"carts": read, "orders": read, "users": [], "other": []}


def test_on_moto_a_scaled_table_is_told_from_others(moto_url: str) -> None:
    with live(moto_url, TABLE) as aws:
        for name in ("carts", "cartoons"):
            aws.make(
                "dynamodb.CreateTable", TableName=name, KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
                ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
            )  # fmt: skip
        aws.make(
            "application-autoscaling.RegisterScalableTarget", ServiceNamespace="dynamodb", ResourceId="table/carts",
            ScalableDimension="dynamodb:table:ReadCapacityUnits", MinCapacity=1, MaxCapacity=9,
        )  # fmt: skip
        assert aws.found()["carts"].facets["scaling"] == []
        aws.make(
            "application-autoscaling.PutScalingPolicy", ServiceNamespace="dynamodb", ResourceId="table/carts",
            ScalableDimension="dynamodb:table:ReadCapacityUnits", PolicyName="half", PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration={
                "TargetValue": 50,
                "PredefinedMetricSpecification": {"PredefinedMetricType": "DynamoDBReadCapacityUtilization"},
            },
        )  # fmt: skip
        found = aws.found()
        assert found["carts"].facets["scaling"] == ["ReadCapacityUnits"]
        assert found["cartoons"].facets["scaling"] == []
        aws.there_and_back(found["cartoons"], scaled, dynamodb.restorable)
