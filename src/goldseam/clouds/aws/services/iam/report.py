"""The credential report: one answer about the passwords of all users, at most four hours old.

AWS makes a new one when the last is older than that (IAM User Guide, "Generate credential reports for your AWS
account"). A scan rests on it only where it says that a user has no password, and for how long ago one was used. Who has
a password is asked about afresh, and so is everybody while there is no report: nothing fails for what was so hours ago,
and a plan, which rests on a reading of one user, never rests on the report.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.kind import Ask, derived
from goldseam.model.errors import CloudError

OPERATIONS: Final = ("iam.GenerateCredentialReport", "iam.GetCredentialReport")
ROOT: Final = "<root_account>"
_NO_DATES: Final = frozenset({"", "N/A", "no_information", "not_supported"})


def rows(ask: Ask, region: str) -> Mapping[str, Mapping[str, str]]:
    """The rows of the report by user; raises CloudError while there is none."""
    generate, get = OPERATIONS
    ask.one(generate, {}, region)
    content = str(ask.one(get, {}, region)["Content"])
    return derived(ask, (get, region), lambda: {line["user"]: line for line in csv.DictReader(content.splitlines())})


def row(ask: Ask, region: str, user: str) -> Mapping[str, str]:
    """What the report says of a user; nothing where there is no report, or the user is newer than it."""
    try:
        return rows(ask, region).get(user, {})
    except CloudError:  # AWS is still making it, or it may not be read: then each user is asked about
        return {}


def date_of(said: str) -> str:
    """A date of the report; empty where it says that there is none."""
    return "" if said in _NO_DATES else said
