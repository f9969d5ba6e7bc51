"""Roles that services act under, for kinds that cannot be made without one."""

from __future__ import annotations

import json

from goldseam.model.errors import CloudError
from goldseam.proving.emulated import EmulatedGround


def role_for(ground: EmulatedGround, service: str) -> str:
    """The ARN of a role that the service (`lambda.amazonaws.com`) may take on, made when it is not there."""
    name = f"proof-{service.partition('.')[0]}"
    allowed = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    try:
        made = ground.make("iam.CreateRole", RoleName=name, AssumeRolePolicyDocument=trust)
    except CloudError:
        made = ground.make("iam.GetRole", RoleName=name)
    return str(made["Role"]["Arn"])
