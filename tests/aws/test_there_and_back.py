"""Every repair of storage, messages, keys and trails that a believable account needs, there and back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from goldseam.assess.evaluate import Status, evaluate
from goldseam.clouds.aws.kind import AwsKind
from goldseam.clouds.aws.services import cloudtrail, kms, s3, sns, sqs
from goldseam.control import Catalog, Control
from goldseam.demo.account import DemoAccount
from goldseam.demo.emulator import ROOT_KEY
from tests.aws.live import known, live

CATALOG = Catalog.of([s3, sns, sqs, kms, cloudtrail])
KEY = {"kms_key": "alias/data"}


@pytest.mark.parametrize(
    "kind", [s3.BUCKET, sns.TOPIC, sqs.QUEUE, kms.KEY, cloudtrail.TRAIL], ids=lambda kind: kind.name
)
def test_each_repair_of_the_demo_s_account_is_done_as_predicted_and_taken_back(
    demo_account: DemoAccount, kind: AwsKind
) -> None:
    controls, repaired = CATALOG.controls_of[kind.name], 0
    where = {"account": demo_account.account_id, "region": demo_account.region}
    with live(demo_account.endpoint, kind, key_id=ROOT_KEY, **where) as aws:
        for resource in aws.found().values():
            assert known(resource) or kind is cloudtrail.TRAIL  # the emulator has no insights
            for finding in evaluate(resource, controls):
                if finding.status is Status.FAIL and not finding.guide:
                    aws.there_and_back(resource, _with_key(CATALOG.control(finding.control)))
                    repaired += 1
    assert repaired


def _with_key(control: Control) -> Control:
    """The control with a key chosen, where it has none by default."""
    lacking = control.defaults.get("kms_key") == ""
    if not lacking:
        return control
    settings = tuple(replace(setting, default=KEY["kms_key"]) for setting in control.settings)
    return replace(control, settings=settings)
