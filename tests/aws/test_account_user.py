"""The account's password policy and public access block, and the access keys of IAM users."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldseam.assess.evaluate import Status, evaluate
from goldseam.clouds.aws.elapsed import STEP
from goldseam.clouds.aws.services import account
from goldseam.clouds.aws.services.account import ACCOUNT, FRESH
from goldseam.clouds.aws.services.iam import user
from goldseam.clouds.aws.services.iam.user import USER, keys_rotated, unused_keys_inactive
from goldseam.clouds.aws.services.iam.user_console import idle_password_renewed, no_unused_password
from goldseam.control import Catalog, Control, Example, ShouldBe, Violation
from goldseam.demo.emulator import EmbeddedCloud
from goldseam.model.errors import NotFound, PlanRefused
from goldseam.model.resource import Resource
from goldseam.model.values import ABSENT, Json, Unknown, Value, same
from goldseam.ports import Shard
from goldseam.repair.propose import propose
from tests.aws.laws import after, held, ref_of, resource_of, says_its_piece, verdict
from tests.aws.live import Live, embedded, live
from tests.emulators import Moto

CONTROLS = Catalog.of([account, user]).controls
PASSWORD = [control for control in CONTROLS if control.reads == ("password_policy",)]
BY_WORD = {control.id.rpartition(".")[2]: control for control in CONTROLS}
BLOCK = BY_WORD["public-access-blocked"]
SEVEN = [control for control in PASSWORD if "changeable" not in control.id and "hard-expiry" not in control.id]
WEAK = {"MinimumPasswordLength": 6, "ExpirePasswords": False, "AllowUsersToChangePassword": True}
UNNAMED = frozenset({"aws.account.password-changeable", "aws.account.password-hard-expiry"})
FIELDS = {
    "MinimumPasswordLength", "RequireSymbols", "RequireNumbers", "RequireUppercaseCharacters",
    "RequireLowercaseCharacters", "AllowUsersToChangePassword", "MaxPasswordAge", "PasswordReusePrevention",
    "HardExpiry",
}  # fmt: skip


def the_account(policy: Value, block: Value = ABSENT) -> Resource:
    return resource_of(ACCOUNT, {"password_policy": policy, "public_access_block": block})


class Told:
    """An `Ask` that answers from a table of operations; an operation that is not in it was not to be asked."""

    def __init__(self, answers: Mapping[str, Any], today: str = "2026-06-30") -> None:
        self._answers, self._today = answers, today
        self.asked: list[tuple[str, Mapping[str, Json]]] = []

    def one(self, operation: str, parameters: Mapping[str, Json], region: str) -> Mapping[str, Json]:
        self.asked.append((operation, parameters))
        answer = self._answers[operation]
        if isinstance(answer, Exception):
            raise answer
        found: Mapping[str, Json] = answer(parameters) if callable(answer) else answer
        return found

    def every(self, operation: str, parameters: Mapping[str, Json], region: str, member: str) -> list[Json]:
        raise AssertionError("nothing here is listed")

    def today(self) -> str:
        return self._today


# --- every control ---


def test_nine_password_rules_of_the_seed_each_with_its_row() -> None:
    says_its_piece(CONTROLS, no_requirements=UNNAMED)
    assert {row.removeprefix("seed:") for control in PASSWORD for row in control.covers if row.startswith("seed:")} == {
        "maxPasswordAge", "minPasswordLength", "passwordExpiration", "passwordRequiresLowercase",
        "passwordRequiresNumbers", "passwordRequiresSymbols", "passwordRequiresUppercase", "passwordReusePrevention",
        "policyAllowsToChangePassword",
    }  # fmt: skip
    assert len(PASSWORD) == 9


def test_hard_expiry_says_that_it_can_lock_people_out_and_is_never_harmless() -> None:
    assert "locked out" in BY_WORD["password-hard-expiry"].disruption.harms
    assert "locked out" in BY_WORD["password-age"].disruption.harms


# --- the password policy ---


def test_peers_07_one_field_changes_and_every_other_one_is_put_as_it_was_read() -> None:
    before = the_account({**WEAK, "MaxPasswordAge": 30, "PasswordReusePrevention": 5, "HardExpiry": True})
    plan = propose(before, [BY_WORD["password-length"]], PASSWORD)
    (call,) = plan.calls
    assert call.operation == "iam.UpdateAccountPasswordPolicy"
    assert dict(call.parameters) == {
        "MinimumPasswordLength": 14, "RequireSymbols": False, "RequireNumbers": False,
        "RequireUppercaseCharacters": False, "RequireLowercaseCharacters": False, "AllowUsersToChangePassword": True,
        "MaxPasswordAge": 30, "PasswordReusePrevention": 5, "HardExpiry": True,
    }  # fmt: skip


@pytest.mark.parametrize("policy", [WEAK, ABSENT], ids=["weak", "absent"])
def test_peers_09_seven_findings_become_one_plan_with_one_write_and_all_pass(policy: Value) -> None:
    before = the_account(policy)
    assert {finding.status for finding in evaluate(before, SEVEN)} == {Status.FAIL}
    plan = propose(before, SEVEN, PASSWORD)
    assert [call.operation for call in plan.calls] == ["iam.UpdateAccountPasswordPolicy"]
    assert {finding.status for finding in evaluate(after(plan, before), SEVEN)} == {Status.PASS}
    assert set(plan.calls[0].parameters) <= FIELDS
    undo = "iam.DeleteAccountPasswordPolicy" if policy is ABSENT else "iam.UpdateAccountPasswordPolicy"
    assert [call.operation for call in plan.undo] == [undo]


@pytest.mark.parametrize("control", PASSWORD, ids=lambda control: control.id)
def test_a_first_policy_is_no_weaker_than_having_none(control: Control) -> None:
    plan = propose(the_account(ABSENT), [control], PASSWORD)
    made = plan.changes[0].after
    assert made["MinimumPasswordLength"] >= 8
    classes = ["RequireNumbers", "RequireUppercaseCharacters", "RequireLowercaseCharacters", "RequireSymbols"]
    assert sum(made[name] for name in classes) >= 3


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "MinimumPasswordLength": st.integers(6, 128), "RequireSymbols": st.booleans(),
            "RequireNumbers": st.booleans(), "HardExpiry": st.booleans(), "ExpirePasswords": st.booleans(),
            "MaxPasswordAge": st.integers(0, 1095), "PasswordReusePrevention": st.integers(0, 24),
        },
    ),
    st.sets(st.sampled_from(PASSWORD), min_size=1),
)  # fmt: skip
def test_no_password_rule_weakens_another_field(policy: dict[str, Json], wanted: set[Control]) -> None:
    before = the_account(policy)
    failing = [control for control in wanted if evaluate(before, [control])[0].status is Status.FAIL]
    if not failing:
        return
    old = held(before, "password_policy")
    new = held(after(propose(before, failing, PASSWORD), before), "password_policy")
    ours = {
        "password-length": "MinimumPasswordLength", "password-age": "MaxPasswordAge",
        "password-reuse": "PasswordReusePrevention", "password-lowercase": "RequireLowercaseCharacters",
        "password-uppercase": "RequireUppercaseCharacters", "password-numbers": "RequireNumbers",
        "password-symbols": "RequireSymbols", "password-changeable": "AllowUsersToChangePassword",
        "password-hard-expiry": "HardExpiry",
    }  # fmt: skip
    touched = {ours[control.id.rpartition(".")[2]] for control in failing}
    assert {name for name in {*old, *new} if old.get(name) != new.get(name)} == touched


def test_expire_passwords_is_derived_and_no_policy_and_zero_are_read_for_what_they_are() -> None:
    facet = ACCOUNT.facet("password_policy")
    assert facet.normal({"MinimumPasswordLength": 8, "ExpirePasswords": True, "MaxPasswordAge": 90}) == facet.normal(
        {"MinimumPasswordLength": 8, "MaxPasswordAge": 90}
    )
    assert "MaxPasswordAge" not in facet.normal({"MaxPasswordAge": 0, "PasswordReusePrevention": 0})
    assert facet.normal(ABSENT) is ABSENT


def test_the_age_that_is_stricter_than_asked_for_stays() -> None:
    strict = the_account({**WEAK, "MaxPasswordAge": 30})
    assert evaluate(strict, [BY_WORD["password-age"]])[0].status is Status.PASS


# --- the public access block ---


def test_one_switch_of_the_block_is_repaired_and_no_block_is_deleted_again() -> None:
    on = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)
    plan = propose(the_account(ABSENT, {**on, "IgnorePublicAcls": False}), [BLOCK], [BLOCK])
    assert plan.because[BLOCK.id] == "the account does not say IgnorePublicAcls"
    assert [call.operation for call in plan.undo] == ["s3control.PutPublicAccessBlock"]
    plan = propose(the_account(ABSENT), [BLOCK], [BLOCK])
    assert plan.calls[0].parameters == {"AccountId": "123456789012", "PublicAccessBlockConfiguration": on}
    assert [call.operation for call in plan.undo] == ["s3control.DeletePublicAccessBlock"]
    assert {item.action for item in plan.permissions} == {"s3:PutAccountPublicAccessBlock"}


# --- access keys ---

KEYS = [
    {"AccessKeyId": "AKIAUSED", "Status": "Active", "CreateDate": "2024-01-01T00:00:00+00:00", "UserName": "ci"},
    {"AccessKeyId": "AKIANEVER", "Status": "Active", "CreateDate": "2026-01-01T00:00:00+00:00", "UserName": "ci"},
]
USES = {
    "AKIAUSED": {"LastUsedDate": "2026-06-29T10:00:00+00:00", "ServiceName": "s3"},
    "AKIANEVER": {"ServiceName": "N/A"},
}


def told(today: str = "2026-06-30") -> Told:
    return Told(
        {
            "iam.ListAccessKeys": {"AccessKeyMetadata": KEYS},
            "iam.GetAccessKeyLastUsed": lambda asked: {"AccessKeyLastUsed": USES[asked["AccessKeyId"]]},
        },
        today,
    )


def read(ask: Told, *names: str) -> Resource:
    ref = ref_of(USER, "ci")
    return Resource(ref, {name: USER.facet(name).read(ask, ref, None).value for name in names})  # type: ignore[attr-defined]


def test_a_key_that_was_never_used_is_idle_since_it_was_made() -> None:
    resource = read(told(), "access_keys", "idle", "last_used")
    assert resource.facets["idle"] == [{"id": "AKIANEVER", "days": 180}, {"id": "AKIAUSED", "days": 0}]
    assert [item["last_used"] for item in held(resource, "last_used")] == ["", "2026-06-29T10:00:00+00:00"]
    plan = propose(resource, [unused_keys_inactive], [unused_keys_inactive])
    (call,) = plan.calls
    assert call.operation == "iam.UpdateAccessKey"
    assert call.parameters == {"UserName": "ci", "AccessKeyId": "AKIANEVER", "Status": "Inactive"}
    (undo,) = plan.undo
    assert undo.parameters == {"UserName": "ci", "AccessKeyId": "AKIANEVER", "Status": "Active"}


def test_last_use_is_only_asked_for_where_it_is_wanted() -> None:
    ask = told()
    read(ask, "access_keys")
    assert [operation for operation, _ in ask.asked] == ["iam.ListAccessKeys"]


def test_idle_time_is_never_said_to_be_longer_and_moves_in_steps() -> None:
    days = [held(read(told(f"2026-04-{day:02}"), "idle"), "idle")[0]["days"] for day in range(1, 31)]
    assert days == [90] * STEP + [105] * STEP
    for day, found in enumerate(days, 1):
        real = 89 + day
        assert real - STEP < found <= real


def test_a_key_is_late_on_the_first_day_after_those_that_are_allowed() -> None:
    """The mutation: `days_since` is compared by `>`, which lets a key be 104 days old."""
    made = date(2026, 1, 1)
    key = {"AccessKeyId": "AKIAOLD", "Status": "Active", "CreateDate": f"{made}T00:00:00+00:00"}
    for passed, late in ((90, False), (91, True), (104, True)):
        today = (made + timedelta(days=passed)).isoformat()
        ask = Told({"iam.ListAccessKeys": {"AccessKeyMetadata": [key]}}, today)
        facets = {name: held(read(ask, name), name) for name in ("access_keys", "age")}
        assert isinstance(verdict(keys_rotated, Example(facets)), Violation) is late, passed


def test_credentials_that_were_idle_for_45_days_are_unused() -> None:
    """CIS 2.11 and IAM.22 ask for 45 days. The mutation: the default is 90, as IAM.8 has it."""
    for control in (unused_keys_inactive, no_unused_password, idle_password_renewed):
        assert control.defaults["days"] == 45, control.id


def test_a_last_use_that_cannot_be_read_is_no_idle_key() -> None:
    ask = Told({"iam.ListAccessKeys": {"AccessKeyMetadata": KEYS}, "iam.GetAccessKeyLastUsed": NotFound("gone")})
    with pytest.raises(NotFound):
        read(ask, "idle")
    resource = Resource(ref_of(USER, "ci"), {"access_keys": [], "idle": Unknown("not told")})
    assert evaluate(resource, [unused_keys_inactive])[0].status is Status.UNKNOWN


def test_a_key_that_was_deleted_or_made_since_cannot_be_written_back() -> None:
    facet, ref = USER.facet("access_keys"), ref_of(USER, "ci")
    one, other = ({"id": name, "status": "Active", "created": "2024-01-01"} for name in ("AKIA1", "AKIA2"))
    for before, wanted in (([one], []), ([], [one]), ([one], [other]), ([one], [{**one, "created": "2025-01-01"}])):
        with pytest.raises(PlanRefused):
            facet.write(ref, before, wanted)


def test_two_unused_keys_are_two_calls_and_each_step_says_what_it_leaves() -> None:
    keys = [{"id": name, "status": "Active", "created": "2024-01-01"} for name in ("AKIA1", "AKIA2")]
    idle = [{"id": name, "days": 300} for name in ("AKIA1", "AKIA2")]
    verdict = unused_keys_inactive.rule(keys, idle)
    assert isinstance(verdict, ShouldBe)
    first, second = USER.facet("access_keys").write(ref_of(USER), keys, verdict.changes["access_keys"])
    assert [key["status"] for key in first.leaves] == ["Inactive", "Active"]
    assert same(second.leaves, verdict.changes["access_keys"])


# --- on emulators ---


def _account_live(cloud: Live) -> None:
    ref = cloud.ref(ACCOUNT, cloud.account)
    resource = cloud.read(ref, "password_policy", "public_access_block")
    assert resource.facets["password_policy"] is ABSENT
    cloud.there_and_back(resource, *SEVEN, BLOCK)
    cloud.client("iam").update_account_password_policy(**FRESH, MaxPasswordAge=400)
    _, mended = cloud.there_and_back(cloud.read(ref, "password_policy"), BY_WORD["password-age"])
    assert mended.facets["password_policy"] == {**FRESH, "MaxPasswordAge": 90}


def test_ministack_ends_as_planned_and_comes_back(ministack_cloud: EmbeddedCloud) -> None:
    with embedded(ministack_cloud, ACCOUNT, USER) as cloud:
        _account_live(cloud)


def test_moto_ends_as_planned_and_comes_back_and_keys_go_off_and_on(moto_cloud: Moto) -> None:
    with live(moto_cloud.endpoint, ACCOUNT, USER) as cloud:
        _account_live(cloud)
        iam = cloud.client("iam")
        iam.create_user(UserName="ci", Path="/build/")
        iam.create_access_key(UserName="ci")
        (found,) = cloud.reader.scan(Shard(cloud.account, "global"), {USER: frozenset(("access_keys", "idle"))})
        assert isinstance(found, Resource)
        assert found.ref.address == f"arn:aws:iam::{cloud.account}:user/build/ci"
        resource = cloud.read(found.ref, "access_keys", "idle")
        assert evaluate(resource, [unused_keys_inactive])[0].status is Status.PASS
        aged = resource.with_facets({"idle": [{**item, "days": 90} for item in held(resource, "idle")]})
        plan = propose(aged, [unused_keys_inactive], [unused_keys_inactive])
        cloud.send(plan.calls)
        assert [key["Status"] for key in iam.list_access_keys(UserName="ci")["AccessKeyMetadata"]] == ["Inactive"]
        cloud.send(plan.undo)
        assert same(dict(cloud.read(resource.ref, "access_keys").facets), {"access_keys": aged.facets["access_keys"]})
