from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest

from goldseam.assess.evaluate import evaluate
from goldseam.clouds.aws.client import AwsSession
from goldseam.clouds.aws.facet import AwsFacet
from goldseam.clouds.aws.read import AwsReader
from goldseam.clouds.aws.services import sns, sqs
from goldseam.control import Catalog, Compliant, Example
from goldseam.model.errors import UsageError
from goldseam.model.resource import Resource
from goldseam.model.values import ABSENT, Json
from goldseam.ports import Shard
from goldseam.repair.propose import propose
from tests.aws.laws import ACCOUNT, REGION, as_read, operations, parameters, planned, verdict
from tests.aws.live import known, live

CONTROLS = Catalog.of([sns, sqs]).controls
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:goldseam-example"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:goldseam-example"
MULTI_REGION = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/mrk-1234abcd12ab34cd56ef1234567890ab"


def document(*held: Json) -> Json:
    return {"Version": "2012-10-17", "Id": "mine", "Statement": list(held)}


def anyone(action: str, arn: str, **more: Json) -> Json:
    return {"Effect": "Allow", "Principal": "*", "Action": action, "Resource": arn, **more}


def from_topic(arn: str) -> Json:
    return anyone("sqs:SendMessage", arn, Condition={"ArnEquals": {"aws:SourceArn": TOPIC}})


def test_the_rows_of_the_seed_are_all_there() -> None:
    assert {row.removeprefix("seed:") for control in CONTROLS for row in control.covers if row.startswith("seed:")} == {
        "topicEncrypted",
        "sqsEncrypted",
    }


def test_peers_03_a_queue_policy_loses_only_its_public_statement() -> None:
    example = Example({"policy": document(from_topic(QUEUE), anyone("sqs:*", QUEUE))})
    plan = planned(sqs.policy_not_public, example)
    assert operations(plan) == ["sqs.SetQueueAttributes"]
    assert json.loads(parameters(plan)[0]["Attributes"]["Policy"]) == document(from_topic(QUEUE))


def test_peers_03_a_topic_policy_loses_only_its_public_statement_and_is_never_empty() -> None:
    owner = sns.owner_policy(TOPIC)["Statement"][0]
    mixed = {"policy": document(owner, anyone("SNS:Publish", TOPIC, Sid="Open")), "arn": TOPIC}
    plan = planned(sns.policy_not_public, Example(mixed))
    assert parameters(plan)[0]["AttributeName"] == "Policy"
    assert json.loads(parameters(plan)[0]["AttributeValue"]) == document(owner)
    open_only = {"policy": document(anyone("SNS:Publish", TOPIC)), "arn": TOPIC}
    left = json.loads(parameters(planned(sns.policy_not_public, Example(open_only)))[0]["AttributeValue"])
    assert left["Statement"][0]["Condition"] == {"StringEquals": {"AWS:SourceOwner": ACCOUNT}}
    assert left["Statement"][0]["Resource"] == TOPIC


@pytest.mark.parametrize("key", ["alias/data", MULTI_REGION, f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/data"])
def test_peers_11_the_chosen_key_is_the_key_in_the_call(key: str) -> None:
    topic = planned(sns.topic_encrypted, Example({"encryption": ABSENT}, settings={"kms_key": key}))
    assert parameters(topic)[0]["AttributeValue"] == key
    queue = planned(sqs.queue_encrypted_with_kms, Example({"encryption": ABSENT}, settings={"kms_key": key}))
    assert parameters(queue)[0]["Attributes"] == {"KmsMasterKeyId": key}


def test_a_key_that_is_none_is_refused_when_it_is_chosen() -> None:
    with pytest.raises(UsageError, match="kms_key"):
        sns.topic_encrypted.chosen({"kms_key": "data"})


def test_sqs_s_own_encryption_gives_way_to_a_key_in_one_call_and_comes_back_in_one() -> None:
    example = Example({"encryption": {"SqsManagedSseEnabled": "true"}})
    assert isinstance(verdict(sqs.queue_encrypted, example), Compliant)
    plan = planned(sqs.queue_encrypted_with_kms, example)
    there = {"KmsMasterKeyId": "alias/aws/sqs", "SqsManagedSseEnabled": "false"}
    back = {"KmsMasterKeyId": "", "SqsManagedSseEnabled": "true"}
    assert [call.parameters["Attributes"] for call in (*plan.calls, *plan.undo)] == [there, back]


def test_both_encryption_controls_of_a_queue_become_one_write() -> None:
    resource = as_read(sqs.queue_encrypted, Example({"encryption": ABSENT}))
    both = [sqs.queue_encrypted, sqs.queue_encrypted_with_kms]
    plan = propose(resource, both, both)
    assert parameters(plan)[0]["Attributes"] == {"KmsMasterKeyId": "alias/aws/sqs"}
    assert len(plan.calls) == 1


def test_ids_are_what_events_have_and_addresses_are_arns() -> None:
    url = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/goldseam-example"
    assert sqs.QUEUE.ref("aws", ACCOUNT, REGION, url).address == QUEUE
    assert sns.TOPIC.ref("aws", ACCOUNT, REGION, TOPIC).address == TOPIC


class Counting:
    """A session that remembers what it was asked."""

    def __init__(self, session: AwsSession) -> None:
        self._session = session
        self.account_id, self.partition, self.regions = session.account_id, session.partition, session.regions
        self.asked: list[str] = []

    def call(self, service: str, operation: str, region: str | None = None, /, **params: Json) -> Mapping[str, Json]:
        self.asked.append(operation)
        return self._session.call(service, operation, region, **params)

    def pages(
        self, service: str, operation: str, region: str | None = None, /, **params: Json
    ) -> Iterator[Mapping[str, Json]]:
        self.asked.append(operation)
        return self._session.pages(service, operation, region, **params)


def test_one_question_feeds_all_attributes_of_a_topic(moto_url: str) -> None:
    with live(moto_url, sns.TOPIC) as aws:
        aws.make("sns.CreateTopic", Name="goldseam-example")
        session = Counting(aws.session)
        wanted = frozenset({"encryption", "policy", "arn"})
        with AwsReader(session, Catalog((sns.TOPIC,), ()), (REGION,)) as reader:
            found = list(reader.scan(Shard(ACCOUNT, REGION), {sns.TOPIC: wanted}))
            assert session.asked == ["ListTopics", "GetTopicAttributes"]
            assert isinstance(found[0], Resource)
            session.asked.clear()
            assert reader.read(found[0].ref, wanted) == found[0]
            assert session.asked == ["GetTopicAttributes"]


def test_on_moto_topics_are_read_repaired_and_taken_back(moto_url: str) -> None:
    with live(moto_url, sns.TOPIC) as aws:
        arn = aws.make("sns.CreateTopic", Name="goldseam-example", Tags=[{"Key": "team", "Value": "web"}])["TopicArn"]
        fresh = aws.found()[arn]
        assert known(fresh)
        assert fresh.ref.address == TOPIC
        assert fresh.facets["encryption"] is ABSENT
        assert fresh.facets["tags"] == {"team": "web"}
        assert [finding.status for finding in evaluate(fresh, [sns.policy_not_public])] == ["pass"]
        opened = json.dumps(document(anyone("SNS:Publish", arn)))
        aws.make("sns.SetTopicAttributes", TopicArn=arn, AttributeName="Policy", AttributeValue=opened)
        plan, _ = aws.there_and_back(aws.again(fresh), sns.policy_not_public, sns.topic_encrypted)
        assert operations(plan) == ["sns.SetTopicAttributes"] * 2


def test_on_moto_queues_are_read_repaired_and_taken_back(moto_url: str) -> None:
    """One facet for each queue: moto forgets a queue's policy when any other attribute is set."""
    with live(moto_url, sqs.QUEUE) as aws:
        mixed = json.dumps(document(from_topic(QUEUE), anyone("sqs:*", QUEUE)))
        tags = {"team": "web"}
        opened = aws.make("sqs.CreateQueue", QueueName="goldseam-example", Attributes={"Policy": mixed}, tags=tags)
        plain = aws.make("sqs.CreateQueue", QueueName="plain", Attributes={"SqsManagedSseEnabled": "false"})
        queues = aws.found()
        queue = queues[opened["QueueUrl"]]
        assert known(queue)
        assert queue.ref.address == QUEUE
        assert queue.facets["tags"] == tags
        aws.there_and_back(queue, sqs.policy_not_public)
        aws.there_and_back(queues[plain["QueueUrl"]], sqs.queue_encrypted)
        aws.there_and_back(queues[plain["QueueUrl"]], sqs.queue_encrypted_with_kms)
        only = json.dumps(document(anyone("sqs:*", QUEUE)))
        aws.make("sqs.SetQueueAttributes", QueueUrl=queue.ref.id, Attributes={"Policy": only})
        plan, _ = aws.there_and_back(aws.again(queue), sqs.policy_not_public)
        assert parameters(plan)[0]["Attributes"] == {"Policy": ""}


class Region:
    """Subscriptions of two topics."""

    def one(self, operation: str, parameters: Mapping[str, Json], region: str) -> Mapping[str, Json]:
        raise NotImplementedError

    def every(self, operation: str, parameters: Mapping[str, Json], region: str, member: str) -> list[Json]:
        del operation, parameters, region, member
        other = TOPIC.replace("example", "other")
        return [
            {
                "TopicArn": TOPIC,
                "Protocol": "http",
                "Endpoint": "http://user:hunter2@hooks.example.com/in?token=hunter2",
            },
            {"TopicArn": TOPIC, "Protocol": "https", "Endpoint": "https://safe.example.com/"},
            {"TopicArn": other, "Protocol": "http", "Endpoint": "http://elsewhere.example.com/"},
        ]

    def today(self) -> str:
        raise NotImplementedError


def test_secrets_in_the_address_of_a_subscriber_are_not_kept() -> None:
    facet = sns.TOPIC.facet("plain_subscribers")
    assert isinstance(facet, AwsFacet)
    ref = as_read(sns.delivered_over_tls, sns.delivered_over_tls.compliant[0]).ref
    seen = facet.read(Region(), replace(ref, id=TOPIC), None).value
    assert seen == ["hooks.example.com"]


def test_a_role_is_passed_for_each_attribute_that_names_one() -> None:
    plan = planned(sns.failures_logged, sns.failures_logged.violating[1])
    assert operations(plan) == ["sns.SetTopicAttributes"] * 5
    assert {item.action for item in plan.calls[0].permissions} == {"sns:SetTopicAttributes", "iam:PassRole"}
    assert {item.action for item in plan.undo[0].permissions} == {"sns:SetTopicAttributes"}
    assert {call.parameters["AttributeValue"] for call in plan.undo} == {""}


def test_closing_a_queue_and_asking_for_tls_are_one_write() -> None:
    resource = as_read(sqs.tls_only, Example({"policy": document(anyone("sqs:*", QUEUE)), "arn": QUEUE}))
    wanted = [sqs.policy_not_public, sqs.tls_only]
    plan = propose(resource, wanted, wanted)
    assert operations(plan) == ["sqs.SetQueueAttributes"]
    held = json.loads(parameters(plan)[0]["Attributes"]["Policy"])["Statement"]
    assert [item["Effect"] for item in held] == ["Deny"]


def test_the_queue_of_dead_letters_needs_none_itself() -> None:
    example = Example({"redrive": ABSENT, "takes_dead_letters": False, "arn": QUEUE}, settings={"dead_letters": QUEUE})
    assert isinstance(verdict(sqs.dead_lettered, example), Compliant)
