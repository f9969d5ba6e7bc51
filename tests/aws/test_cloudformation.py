from __future__ import annotations

import json

from goldseam.assess.evaluate import evaluate
from goldseam.clouds.aws.services import cloudformation
from goldseam.model.values import Unknown
from tests.aws.laws import ACCOUNT, REGION
from tests.aws.live import live

STACK = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/shop/0a1b2c3d-0000-1111-2222-333344445555"


def test_on_moto_a_stack_is_read_and_no_secret_with_it(moto_url: str) -> None:
    with live(moto_url, cloudformation.STACK) as aws:
        template = {
            "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
            "Outputs": {"Password": {"Value": "hunter2hunter2"}, "Topic": {"Value": {"Ref": "Topic"}}},
        }
        aws.make("cloudformation.CreateStack", StackName="shop", TemplateBody=json.dumps(template))
        (stack,) = (item for name, item in aws.found().items() if name.startswith("shop/"))
        assert stack.ref.address.endswith(f":stack/{stack.ref.id}")
        assert not any(isinstance(value, Unknown) for value in stack.facets.values())
        assert stack.facets["secret_outputs"] == ["Password"]
        assert "hunter2" not in str(stack.facets)
        judged = evaluate(stack, [cloudformation.no_secrets, cloudformation.termination_protected])
        assert [item.status for item in judged] == ["fail", "fail"]
