"""Whom AWS reaches when something is wrong with the account, and who of the account reaches AWS."""

from __future__ import annotations

from typing import Final

from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.services.account import ACCOUNT
from goldseam.control import Example, Severity, Verdict, compliant, control, harmless, should_be, violation
from goldseam.model.values import ABSENT, Json, Value

_TEAM: Final = {
    "Name": "Security", "Title": "Security team", "EmailAddress": "security@example.com", "PhoneNumber": "+4930123456",
}  # fmt: skip
_CHOSEN: Final = {
    "name": "Security", "title": "Security team", "email": "security@example.com", "phone": "+4930123456",
}  # fmt: skip


@control(
    "aws.account.security-contact", ACCOUNT, severity=Severity.MEDIUM,
    disrupts=harmless(
        "AWS sends security notices to this contact as well; nothing else changes",
        source="AWS Account Management Reference Guide, Update the alternate contacts for your AWS account",
        noticed_by="the contact who is named",
    ),
    maps=required("account_security_contact_information_is_registered"),
    compliant=[{"security_contact": _TEAM}],
    violating=[
        {"security_contact": ABSENT},
        Example({"security_contact": ABSENT}, settings=_CHOSEN, leaves={"security_contact": _TEAM}),
    ],
)  # fmt: skip
def security_contact(
    security_contact: Value, *, name: str = "", title: str = "", email: str = "", phone: str = ""
) -> Verdict:
    """AWS knows whom to tell of a leaked key or an abused machine.

    Without a contact of its own such a message goes to the address of the root user, where it is read late or never.
    """
    if security_contact is not ABSENT:
        return compliant
    because = "no security contact is registered"
    if not all((name, title, email, phone)):
        return violation(
            because=because,
            guide="give `name`, `title`, `email` (of a team, not of a person) and `phone` in a policy as settings, or "
            "enter them under Account, Alternate contacts",
        )
    contact = {"Name": name, "Title": title, "EmailAddress": email, "PhoneNumber": phone}
    return should_be(security_contact=contact, because=because)


@control(
    "aws.account.support-role", ACCOUNT, severity=Severity.LOW,
    maps=required("iam_support_role_created"), covers=("security-hub:IAM.18",),
    compliant=[{"support": ["incident-support"]}],
    violating=[{"support": []}],
)  # fmt: skip
def support_role(support: list[Json]) -> Verdict:
    """A role may open cases with AWS Support.

    In an incident the help of AWS is needed at once, and not by way of the root user. Who may take on the role is for
    the account to say, so a person makes it.
    """
    if support:
        return compliant
    return violation(
        because="no role holds `AWSSupportAccess`",
        guide="1. `aws iam create-role` with a trust policy that names those who handle incidents; 2. `aws iam "
        "attach-role-policy --policy-arn arn:aws:iam::aws:policy/AWSSupportAccess`; to take it back, detach the "
        "policy and delete the role",
    )


@control(
    "aws.account.in-organisation", ACCOUNT, severity=Severity.LOW,
    maps=required("organizations_account_part_of_organizations"),
    compliant=[{"organisation": "o-abcdefghij"}],
    violating=[{"organisation": ABSENT}],
)  # fmt: skip
def in_organisation(organisation: Value) -> Verdict:
    """The account is part of an organisation.

    Only an organisation can deny to a whole account, its root user too, what nobody there may do, and only one keeps
    the record and the backups where an intruder in the account does not reach.
    """
    if organisation is not ABSENT:
        return compliant
    return violation(
        because="the account belongs to no organisation",
        guide="make an organisation from an account that runs nothing else, and invite this one (`aws organizations "
        "invite-account-to-organization`); it can leave again",
    )
