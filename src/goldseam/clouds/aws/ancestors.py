"""What an account is a part of in AWS Organizations: the root, and each organizational unit down to it.

Only the management account and delegated administrators may ask; for all others it is unknown.
Source: AWS Organizations API Reference, `ListParents` and `DescribeOrganizationalUnit`.
"""

from __future__ import annotations

from typing import Final

from goldseam.clouds.aws.keys import MintingSession
from goldseam.clouds.protocol import Ancestor
from goldseam.model.errors import CloudError
from goldseam.model.values import Unknown

_UNIT: Final = "ORGANIZATIONAL_UNIT"
_DEEPEST: Final = 6
"""A root and five levels of units (AWS Organizations User Guide, "Quotas")."""


def ancestors(session: MintingSession, account: str) -> tuple[Ancestor, ...] | Unknown:
    """The root and the units that the account stands in, the outermost first."""
    found: list[Ancestor] = []
    child = account
    try:
        for _ in range(_DEEPEST):
            parent = session.call("organizations", "ListParents", ChildId=child)["Parents"][0]
            child = parent["Id"]
            if parent["Type"] != _UNIT:
                return (Ancestor(child, "Root"), *reversed(found))
            unit = session.call("organizations", "DescribeOrganizationalUnit", OrganizationalUnitId=child)
            found.append(Ancestor(child, unit["OrganizationalUnit"]["Name"]))
    except CloudError as error:
        return Unknown(f"what account {account} is a part of cannot be read: {error}")
    except (LookupError, TypeError):
        return Unknown(f"what account {account} is a part of cannot be read: AWS's answer is not understood")
    return Unknown(f"account {account} stands in more than {_DEEPEST} levels of organizational units")
