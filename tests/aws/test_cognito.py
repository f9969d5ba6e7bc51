from __future__ import annotations

from goldseam.clouds.aws.kind import AwsKind
from goldseam.clouds.aws.permissions import remediator_policy
from goldseam.clouds.aws.services.cognito import client, identity_pool, passwords, pool, sign_in
from goldseam.clouds.aws.shapes import Document
from goldseam.control import Example, Violation
from goldseam.model.values import ABSENT, Placeholder, canonical
from goldseam.repair.propose import propose
from tests.aws.laws import as_read, operations, parameters, planned, verdict

ROLE = "arn:aws:iam::123456789012:role/texts"
TEXTS = {"SmsConfiguration": {"SnsCallerArn": ROLE, "ExternalId": "a1b2"}}


def test_peers_09_several_findings_on_a_pool_are_one_write() -> None:
    loose = {"PasswordPolicy": {"MinimumLength": 6, "RequireSymbols": False, "RequireNumbers": False}}
    resource = as_read(passwords.password_length, Example({"settings": {"Policies": loose}, "factors": ABSENT}))
    wanted = [*passwords.PASSWORD_CLASSES, passwords.password_length, sign_in.deletion_protected]
    plan = propose(resource, wanted[2:], wanted, lambda control, _: control.defaults)
    assert operations(plan) == ["cognito-idp.UpdateUserPool"]
    (sent,) = parameters(plan)
    assert sent["Policies"]["PasswordPolicy"]["MinimumLength"] == 14
    assert sent["DeletionProtection"] == "ACTIVE"


def test_peers_07_a_pool_is_written_with_all_that_was_read() -> None:
    held = {"UserPoolTags": {"team": "web"}, "LambdaConfig": {"PreSignUp": "arn:aws:lambda:eu-west-1:1:function:f"}}
    (sent,) = parameters(planned(sign_in.deletion_protected, Example({"settings": held})))
    assert {name: sent[name] for name in held} == held
    assert sent["MfaConfiguration"] == Placeholder("settings", "UserPool.MfaConfiguration")


def test_the_older_word_for_the_age_of_a_temporary_password_is_not_sent() -> None:
    held = {"AdminCreateUserConfig": {"AllowAdminCreateUserOnly": False, "UnusedAccountValidityDays": 7}}
    assert pool.pool_form(held)["AdminCreateUserConfig"] == {"AllowAdminCreateUserOnly": False}


def test_what_a_template_says_is_not_said_twice() -> None:
    template = {"EmailMessage": "code {####}", "DefaultEmailOption": "CONFIRM_WITH_CODE"}
    held = pool.pool_form({"EmailVerificationMessage": "code {####}", "VerificationMessageTemplate": template})
    assert "EmailVerificationMessage" not in held
    other = pool.pool_form({"EmailVerificationMessage": "other", "VerificationMessageTemplate": template})
    assert other["EmailVerificationMessage"] == "other"


def test_handing_over_a_role_is_a_right_on_that_role() -> None:
    plan = planned(sign_in.deletion_protected, Example({"settings": TEXTS}))
    passed = [permission.resource for permission in plan.permissions if permission.action == "iam:PassRole"]
    assert passed == [ROLE]
    plan = planned(sign_in.deletion_protected, Example({"settings": ABSENT}))
    assert {permission.action for permission in plan.permissions} == {"cognito-idp:UpdateUserPool"}


def test_the_remediator_may_hand_over_roles_and_write_clients_of_every_pool() -> None:
    policy = remediator_policy([sign_in.deletion_protected, client.revocable], account="123456789012")
    text = canonical(policy).decode()
    assert '"iam:PassRole"' in text
    assert "arn:aws:iam::123456789012:role/*" in text
    assert "arn:aws:cognito-idp:*:123456789012:userpool/*" in text
    assert 'userpool/"' not in text


def test_secrets_of_clients_and_tokens_of_nobody_enter_a_value() -> None:
    facet = client.CLIENT.facet("settings")
    assert isinstance(facet, Document)
    assert "ClientSecret" not in facet.decode({"ClientSecret": "s3cret", "EnableTokenRevocation": True})


def test_threat_protection_in_another_plan_is_for_people() -> None:
    assert isinstance(verdict(sign_in.threat_protection, Example({"settings": {"UserPoolTier": "LITE"}})), Violation)


def test_kinds_are_addressed_as_iam_knows_them() -> None:
    kinds: tuple[AwsKind, ...] = (pool.USER_POOL, client.CLIENT, identity_pool.IDENTITY_POOL)
    ids = ("eu-west-1_a", "eu-west-1_a/c", "eu-west-1:0a1b")
    made = [kind.ref("aws", "1", "eu-west-1", name).address for kind, name in zip(kinds, ids, strict=True)]
    assert made == [
        "arn:aws:cognito-idp:eu-west-1:1:userpool/eu-west-1_a",
        "arn:aws:cognito-idp:eu-west-1:1:userpool/eu-west-1_a",
        "arn:aws:cognito-identity:eu-west-1:1:identitypool/eu-west-1:0a1b",
    ]
