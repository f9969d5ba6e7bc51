"""Listings that botocore has no paginator for are read to their end all the same."""

from __future__ import annotations

import json

from goldseam.clouds.aws.client import AwsSession
from tests.aws.loopback import Asked, Told, loopback


def names(operation: str, member: str, answers: dict[str, dict[str, object]], *, token: str) -> list[object]:
    """What the pages of a listing hold, when a page is asked for by its token."""

    def answer(asked: Asked) -> Told:
        page = answers[json.loads(asked.body or b"{}").get(token, "")]
        return Told(json.dumps(page), headers={"Content-Type": "application/x-amz-json-1.1"})

    service, _, name = operation.partition(".")
    with loopback(answer) as server:
        session = AwsSession.with_credentials("test", "test", None, endpoint_url=server.url, attempts=1)
        found = [item for page in session.pages(service, name, "eu-west-1") for item in page[member]]
        session.close()
    return found


def test_a_token_is_followed_where_botocore_does_not() -> None:
    pages: dict[str, dict[str, object]] = {
        "": {"WorkGroups": [{"Name": "one"}], "NextToken": "two"},
        "two": {"WorkGroups": [{"Name": "two"}]},
    }
    found = names("athena.ListWorkGroups", "WorkGroups", pages, token="NextToken")
    assert found == [{"Name": "one"}, {"Name": "two"}]


def test_delivery_streams_go_on_after_the_last_name() -> None:
    pages: dict[str, dict[str, object]] = {
        "": {"DeliveryStreamNames": ["a", "b"], "HasMoreDeliveryStreams": True},
        "b": {"DeliveryStreamNames": ["c"], "HasMoreDeliveryStreams": False},
    }
    found = names(
        "firehose.ListDeliveryStreams", "DeliveryStreamNames", pages, token="ExclusiveStartDeliveryStreamName"
    )
    assert found == ["a", "b", "c"]
