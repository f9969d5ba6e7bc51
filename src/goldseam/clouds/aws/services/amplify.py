"""Amplify: apps, and what their variables give away."""

from __future__ import annotations

from typing import Final

from goldseam.clouds.aws.facet import Look, absent_is
from goldseam.clouds.aws.kind import ANSWER, REQUEST, AwsKind, Listing, changes
from goldseam.clouds.aws.looks_secret import listed, secret_variables
from goldseam.clouds.aws.requirements import required
from goldseam.control import Severity, Verdict, compliant, control, violation

APP: Final = AwsKind(
    "aws.amplify.app",
    "Amplify app",
    (
        Look(name="secrets", listed="environmentVariables", decode=secret_variables, form=absent_is([])),
        Look(name="tags", listed="tags", form=absent_is({})),
    ),
    touched_by=(changes("amplify", f"{REQUEST}.appId", f"{ANSWER}.app.appId"),),
    address="arn:{partition}:amplify:{region}:{account}:apps/{id}",
    find=Listing("amplify.ListApps", "apps", id="appId"),
)


@control(
    "aws.amplify.app.no-secrets-in-environment",
    APP,
    severity=Severity.CRITICAL,
    maps=required("amplify_app_no_secrets_in_environment"),
    compliant=({"secrets": []},),
    violating=({"secrets": ["API_TOKEN"]},),
)
def no_secrets(secrets: list[str]) -> Verdict:
    """No variable of the app holds a secret in clear text.

    Variables are written into what is built, and reach everyone who opens the site. Those of single branches are not
    looked at.
    """
    if not secrets:
        return compliant
    return violation(
        because=f"{listed(secrets)} look like secrets in clear text",
        guide="take the variable out; keep what only the server needs as a secret of the app (`/amplify/APP/BRANCH/…` "
        "in Parameter Store), and what the browser would need behind a function; change the secret itself: it was "
        "readable",
    )
