"""What users, groups and roles may hold: controls that are the same for each of the three."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from goldseam.clouds.aws.kind import AwsKind
from goldseam.clouds.aws.named import PolicyArn
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.services.iam.group import GROUP
from goldseam.clouds.aws.services.iam.identity import Given, excess, listed
from goldseam.clouds.aws.services.iam.role import ROLE, is_of_aws
from goldseam.clouds.aws.services.iam.user import USER
from goldseam.clouds.aws.statements import policy_document
from goldseam.control import (
    Control,
    Example,
    Severity,
    Verdict,
    compliant,
    control,
    may_disrupt,
    should_be,
    violation,
)
from goldseam.model.values import ABSENT, Json, Value

_WORDS: Final = ((USER, "user"), (GROUP, "group"), (ROLE, "role"))


def statement(*actions: str, resource: str = "*", effect: str = "Allow") -> Json:
    """A statement of a policy, for examples."""
    return {"Effect": effect, "Action": list(actions), "Resource": resource}


@dataclass(frozen=True, slots=True)
class Excess:
    """More than a policy should give: its word in `identity.GIVES`, what is said of it, and too many actions."""

    word: str
    control: str
    title: str
    why: str
    guide: str
    actions: tuple[str, ...]
    inline: tuple[str, ...]
    managed: tuple[str, ...]
    severity: Severity


EXCESSES: Final = (
    Excess(
        "administrator", "not-administrator", "give no administrator's rights",
        "Who holds every right over everything can undo every other protection, and one leaked key is enough.",
        "write down what the holder does (IAM Access Analyzer makes a policy from the record of CloudTrail), give that "
        "policy beside this one, and then take this one away",
        ("*",), ("iam_inline_policy_no_administrative_privileges",),
        ("iam_customer_attached_policy_no_administrative_privileges",
         "iam_customer_unattached_policy_no_administrative_privileges"), Severity.HIGH,
    ),
    Excess(
        "escalation", "no-way-up", "give no way to more rights",
        "Some rights, such as to make a key for another user or to pass any role to a machine, lead to the "
        "rights of others, though the policy does not name those.",
        "name in `Resource` the users, roles or functions that are meant; for `iam:PassRole` name the role, and with "
        "the condition `iam:PassedToService` the service; a permissions boundary of a user or role limits what the "
        "policies written into it allow",
        ("iam:PassRole", "ec2:RunInstances"), ("iam_inline_policy_allows_privilege_escalation",),
        ("iam_policy_allows_privilege_escalation",), Severity.HIGH,
    ),
    Excess(
        "kms", "no-full-kms", "do not give all of KMS",
        "Who may do everything with all keys reads what they protect and can delete them, and the data with them.",
        "name the actions that are needed and the keys that they are needed on", ("kms:*",),
        ("iam_inline_policy_no_full_access_to_kms",), ("iam_policy_no_full_access_to_kms",), Severity.MEDIUM,
    ),
    Excess(
        "cloudtrail", "no-full-cloudtrail", "do not give all of CloudTrail",
        "Who may do everything with trails can stop the record before doing what should not be recorded.",
        "give the actions that read (`cloudtrail:Get*`, `List*`, `Describe*`, `LookupEvents`), and those that write to "
        "whoever looks after the trails", ("cloudtrail:*",),
        ("iam_inline_policy_no_full_access_to_cloudtrail",), ("iam_policy_no_full_access_to_cloudtrail",),
        Severity.MEDIUM,
    ),
    Excess(
        "decrypt", "no-decrypting-with-all-keys", "do not decrypt with every key",
        "Data is as well protected as the key that is hardest to use; this makes all keys of the account equally easy.",
        "name in `Resource` the keys that the holder needs", ("kms:Decrypt",), (), (), Severity.MEDIUM,
    ),
    Excess(
        "service", "no-whole-service", "do not give all of a service",
        "Every action of a service is more than any one job needs, and takes in those that AWS adds to it later.",
        "name the actions that the holder uses: IAM tells under Last accessed which services and actions those are",
        ("s3:*",), (), (), Severity.LOW,
    ),
    Excess(
        "marketplace", "no-marketplace-subscriptions", "do not subscribe to anything",
        "Who may subscribe to every product buys in the account's name, and runs the software of strangers in it.",
        "name the products with the condition `aws-marketplace:ProductId`, or leave it to those who buy",
        ("aws-marketplace:Subscribe",), ("iam_inline_policy_no_wildcard_marketplace_subscribe",),
        ("iam_policy_no_wildcard_marketplace_subscribe",), Severity.LOW,
    ),
    Excess(
        "any-role", "no-assuming-of-all-roles", "do not take on every role",
        "Every role that trusts the account as a whole, here and in other accounts, is open to whoever may take on "
        "all.",
        "name in `Resource` the roles that the holder takes on", ("sts:AssumeRole",),
        (), ("iam_no_custom_policy_permissive_role_assumption",), Severity.MEDIUM,
    ),
)  # fmt: skip

_NARROW: Final = policy_document(statement("s3:GetObject", resource="arn:aws:s3:::goldseam-example/*"))


def _inline_control(kind: AwsKind, word: str, excessive: Excess) -> Control:
    def state(**held: Json) -> dict[str, Value]:
        named = [{"name": name, "document": document} for name, document in held.items()]
        arn = f"arn:aws:iam::123456789012:{word}/goldseam-example"
        return {"inline": named, "arn": arn} | ({} if kind is GROUP else {"boundary": ABSENT})

    given = policy_document(statement(*excessive.actions))
    denied = policy_document(statement(*excessive.actions, effect="Deny"))

    def judged(inline: list[Json], arn: str, boundary: Value = ABSENT) -> Verdict:
        together = excess(excessive.word, [policy["document"] for policy in inline], arn, boundary)
        if not together:
            return compliant
        each = {policy["name"]: excess(excessive.word, [policy["document"]], arn, boundary) for policy in inline}
        return violation(because=_by_policy(together, each), guide=excessive.guide)

    def gives_no_more(inline: list[Json], arn: str) -> Verdict:
        return judged(inline, arn)

    def gives_no_more_within(inline: list[Json], arn: str, boundary: Value) -> Verdict:
        return judged(inline, arn, boundary)

    return control(
        f"{kind.name}.inline-{excessive.control}", kind, severity=excessive.severity,
        title=f"Policies written into a {word} {excessive.title}", why=excessive.why,
        maps=required(*excessive.inline),
        compliant=[state(), state(narrow=_NARROW), state(wide=given, guard=denied)],
        violating=[state(narrow=_NARROW, wide=given)],
    )(gives_no_more if kind is GROUP else gives_no_more_within)  # fmt: skip


def _by_policy(together: list[Given], each: Mapping[str, list[Given]]) -> str:
    """Which policy allows what of all that they allow together."""
    alone = {name: [given for given in found if given in together] for name, found in each.items()}
    said = [f"policy `{name}` allows {listed(found)}" for name, found in alone.items() if found]
    known = {given for found in alone.values() for given in found}
    if rest := [given for given in together if given not in known]:
        said.append(f"{', '.join(f'`{name}`' for name in each)} together allow {listed(rest)}")
    return "; ".join(said)


INLINE: Final = tuple(
    _inline_control(kind, word, excessive) for kind, word in _WORDS for excessive in EXCESSES
)  # fmt: skip
"""One control for each excess that a policy written into one of them may give."""

_OF_AWS: Final = "arn:aws:iam::aws:policy/"
_ADMINISTRATOR: Final = "AdministratorAccess"
_OF_AWS_ATTACHED: Final = "iam_aws_attached_policy_no_administrative_privileges"
"""CIS 2.14 asks it of every attached policy; IAM.1 of customer managed ones only (AWS Security Hub User Guide)."""

_CLOUDSHELL: Final = "AWSCloudShellFullAccess"
_DENY_ALL: Final = "AWSDenyAll"
_SUPPORT: Final = {"arn": f"{_OF_AWS}AWSSupportAccess"}


def _has(attached: list[Json], name: str) -> list[Json]:
    """The attached policy of AWS of that name, in any partition."""
    return [policy for policy in attached if policy["arn"].endswith(f":iam::aws:policy/{name}")]


def _administrator_control(kind: AwsKind, word: str, check: str) -> Control:
    @control(
        f"{kind.name}.no-administrator-attached", kind, severity=Severity.HIGH,
        title=f"No {word} holds AWS's policy for administrators",
        why="Who holds every right over everything can undo every other protection, and one leaked key is enough. "
        "Some have to: exempt those.",
        maps=required(check, _OF_AWS_ATTACHED, without=("fsbp:IAM.1",)),
        compliant=[{"attached": [_SUPPORT]}],
        violating=[{"attached": [_SUPPORT, {"arn": f"{_OF_AWS}{_ADMINISTRATOR}"}]}],
    )  # fmt: skip
    def no_administrator(attached: list[Json]) -> Verdict:
        if not _has(attached, _ADMINISTRATOR):
            return compliant
        return violation(because=f"`{_ADMINISTRATOR}` is attached", guide=EXCESSES[0].guide)

    return no_administrator


ADMINISTRATORS: Final = (
    _administrator_control(USER, "user", "iam_user_administrator_access_policy"),
    _administrator_control(GROUP, "group", "iam_group_administrator_access_policy"),
    _administrator_control(ROLE, "role", "iam_role_administratoraccess_policy"),
)
"""Who holds AWS's own policy for administrators."""


def _cloudshell_control(kind: AwsKind, word: str) -> Control:
    @control(
        f"{kind.name}.no-full-cloudshell", kind, severity=Severity.LOW,
        title=f"No {word} holds all of CloudShell",
        why="A shell in the browser that may upload and download files is a way out for data that no network rule "
        "sees.",
        disrupts=may_disrupt("who works in CloudShell can no longer open it, unless another policy allows that"),
        maps=required("iam_policy_cloudshell_admin_not_attached"),
        compliant=[{"attached": [_SUPPORT]}],
        violating=[
            Example({"attached": [_SUPPORT, {"arn": f"{_OF_AWS}{_CLOUDSHELL}"}]}, leaves={"attached": [_SUPPORT]})
        ],
    )  # fmt: skip
    def no_full_cloudshell(attached: list[Json]) -> Verdict:
        found = _has(attached, _CLOUDSHELL)
        if not found:
            return compliant
        return should_be(
            attached=[policy for policy in attached if policy not in found], because=f"`{_CLOUDSHELL}` is attached"
        )

    return no_full_cloudshell


CLOUDSHELL: Final = tuple(_cloudshell_control(kind, word) for kind, word in _WORDS)
"""Who holds all of CloudShell."""


@control(
    "aws.iam.user.rights-through-groups", USER, severity=Severity.LOW,
    maps=required("iam_policy_attached_only_to_group_or_roles"),
    compliant=[{"attached": [], "inline": []}, {"attached": [{"arn": f"{_OF_AWS}{_DENY_ALL}"}], "inline": []}],
    violating=[
        {"attached": [_SUPPORT], "inline": []},
        {"attached": [], "inline": [{"name": "narrow", "document": _NARROW}]},
    ],
)  # fmt: skip
def rights_through_groups(attached: list[Json], inline: list[Json]) -> Verdict:
    """Users get their rights through groups.

    Rights that are given one by one are forgotten one by one: they stay when the person moves on. The policy that
    denies everything may be attached to a user.
    """
    kept = _has(attached, _DENY_ALL)
    found = [policy["arn"] for policy in attached if policy not in kept] + [policy["name"] for policy in inline]
    if not found:
        return compliant
    return violation(
        because=f"held directly: {', '.join(found)}",
        guide="1. make a group for the job and attach the same policies to it; 2. put the user into it (`aws iam "
        "add-user-to-group`); 3. detach each policy from the user (`aws iam detach-user-policy`), which one call takes "
        "back; 4. keep the text of a policy that is written into the user before it is deleted",
    )


def _compromised(attached: list[Json]) -> list[Json]:
    """What AWS attaches to a user whose key it found in public."""
    return [policy for policy in attached if ":iam::aws:policy/AWSCompromisedKeyQuarantine" in policy["arn"]]


_QUARANTINED: Final = {"arn": f"{_OF_AWS}AWSCompromisedKeyQuarantineV3"}
_DENIED: Final = {"arn": f"{_OF_AWS}{_DENY_ALL}"}
_TAG: Final = "goldseam:compromised"


def _quarantine_control(kind: AwsKind, word: str, rows: tuple[str, ...]) -> Control:
    def held(*policies: Json, **tags: str) -> dict[str, Json]:
        return {"attached": list(policies), "tags": tags, "arn": f"arn:aws:iam::123456789012:{word}/goldseam-example"}

    by_aws = [Example(held(_QUARANTINED), leaves={"attached": [_DENIED, _QUARANTINED]})] if kind is USER else []

    @control(
        f"{kind.name}.compromised-is-denied", kind, severity=Severity.CRITICAL,
        title=f"A {word} that is marked as compromised may do nothing",
        why=f"Whoever took it over is stopped by one policy that denies everything, while what happened is looked "
        f"into. The mark is a tag, `{_TAG}` unless another is chosen, or the policy that AWS attaches to a user "
        "whose key it found in public.",
        disrupts=may_disrupt(f"whatever works with the {word} is refused everything until the policy is detached"),
        covers=rows,
        compliant=[held(_SUPPORT, team="web"), held(_DENIED, **{_TAG: "yes"})],
        violating=[
            Example(held(_SUPPORT, **{_TAG: ""}), leaves={"attached": [_SUPPORT, _DENIED]}),
            Example(held(stolen="1"), settings={"tag": "stolen"}, leaves={"attached": [_DENIED]}),
            *by_aws,
        ],
    )  # fmt: skip
    def compromised_is_denied(attached: list[Json], tags: Json, arn: str, *, tag: str = _TAG) -> Verdict:
        signs = [f"tag `{tag}`"] * (tag in tags) + [policy["arn"] for policy in _compromised(attached)]
        if not signs or _has(attached, _DENY_ALL):
            return compliant
        partition = arn.split(":")[1]
        wanted = {"arn": f"arn:{partition}:iam::aws:policy/{_DENY_ALL}"}
        return should_be(attached=[*attached, wanted], because=f"marked as compromised: {', '.join(signs)}")

    return compromised_is_denied


QUARANTINES: Final = (
    _quarantine_control(USER, "user", ("cloudbots:iam_quarantine_user",)),
    _quarantine_control(ROLE, "role", ("cloudbots:iam_quarantine_role",)),
)
"""Who is marked as compromised may do nothing."""


def _carries_control(kind: AwsKind, word: str, row: str, ours: Callable[[Json], bool]) -> Control:
    guard = {"arn": "arn:aws:iam::123456789012:policy/guard"}

    @control(
        f"{kind.name}.carries-policy", kind, severity=Severity.MEDIUM,
        title=f"Every {word} carries the policy that all must carry",
        why="A policy that denies what nobody may do, such as leaving a region or stopping the record, holds only "
        "where it is attached. Which one it is has to be chosen; until then there is nothing to ask for.",
        disrupts=may_disrupt(f"what the policy denies is refused to the {word} from then on"),
        covers=(row,),
        compliant=[
            {"attached": [], "path": "/"},
            Example({"attached": [guard], "path": "/"}, settings={"policy_arn": guard["arn"]}),
        ],
        violating=[
            Example(
                {"attached": [_SUPPORT], "path": "/"}, settings={"policy_arn": guard["arn"]},
                leaves={"attached": [_SUPPORT, guard]},
            )
        ],
    )  # fmt: skip
    def carries_policy(attached: list[Json], path: Json, *, policy_arn: PolicyArn = "") -> Verdict:
        if not policy_arn or not ours(path) or {"arn": policy_arn} in attached:
            return compliant
        return should_be(attached=[*attached, {"arn": policy_arn}], because=f"`{policy_arn}` is not attached")

    return carries_policy


CARRIES: Final = (
    _carries_control(USER, "user", "cloudbots:iam_user_attach_policy", lambda _: True),
    _carries_control(ROLE, "role", "cloudbots:iam_role_attach_policy", lambda path: not is_of_aws(path)),
)
"""Who carries a policy that all must carry."""
