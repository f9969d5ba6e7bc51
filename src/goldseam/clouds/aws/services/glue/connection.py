"""Connections to databases.

A connection is written whole, with its password (Glue API Reference, UpdateConnection): what is wrong with one is for
people to mend.
"""

from __future__ import annotations

from typing import Final

from goldseam.clouds.aws.facet import Look
from goldseam.clouds.aws.kind import REQUEST, AwsKind, Listing, changes
from goldseam.clouds.aws.requirements import required
from goldseam.control import Severity, Verdict, compliant, control, violation
from goldseam.model.values import ABSENT, Json, Value


def _enforced(raw: Json) -> Value:
    """Whether TLS is asked for, where the connection is one that can ask for it."""
    if raw.get("ConnectionType") not in {"JDBC", "MONGODB", "KAFKA"}:
        return ABSENT
    held = raw.get("ConnectionProperties") or {}
    asked = (held.get(name) for name in ("JDBC_ENFORCE_SSL", "KAFKA_SSL_ENABLED"))
    return any(str(value).lower() == "true" for value in asked)


def _in_properties(raw: Json) -> Value:
    """The names of properties where a password is kept by Glue itself."""
    held = raw.get("ConnectionProperties") or {}
    return sorted(name for name in ("PASSWORD", "ENCRYPTED_PASSWORD", "USERNAME") if held.get(name))


CONNECTION: Final = AwsKind(
    "aws.glue.connection",
    "Glue connection",
    (
        Look(name="tls", listed="", decode=_enforced),
        Look(name="kept", listed="", decode=_in_properties),
    ),
    touched_by=(
        changes(
            "glue",
            f"{REQUEST}.name",
            f"{REQUEST}.connectionInput.name",
            f"{REQUEST}.connectionName",
            names=("CreateConnection", "UpdateConnection", "DeleteConnection"),
        ),
    ),
    address="arn:{partition}:glue:{region}:{account}:connection/{id}",
    find=Listing("glue.GetConnections", "ConnectionList", id="Name", parameters={"HidePassword": True}),
)


@control(
    "aws.glue.connection.tls-required",
    CONNECTION,
    severity=Severity.MEDIUM,
    maps=required("glue_database_connections_ssl_enabled"),
    compliant=[{"tls": True}, {"tls": ABSENT}],
    violating=[{"tls": False}],
)
def tls_required(tls: Value) -> Verdict:
    """A connection to a database asks for TLS.

    Without it the password and the data cross the network in clear when the database does not insist.
    """
    if tls is not False:
        return compliant
    return violation(
        because="the connection does not ask for TLS",
        guide="see that the database speaks TLS with a certificate that Glue knows, tick `require SSL connection` in "
        "the connection, test it, and run one of its jobs",
    )


@control(
    "aws.glue.connection.password-in-secrets-manager",
    CONNECTION,
    severity=Severity.MEDIUM,
    maps=required("glue_catalog_connection_no_secrets"),
    compliant=[{"kept": []}],
    violating=[{"kept": ["USERNAME"]}],
)
def in_secrets_manager(kept: list[str]) -> Verdict:
    """A connection takes its password from Secrets Manager.

    Glue gives a password that it keeps itself to everyone who may read the connection; a secret has rights of its own
    and can be rotated.
    """
    if not kept:
        return compliant
    return violation(
        because=f"the connection keeps {', '.join(kept)} itself",
        guide="make a secret with user name and password, let the roles of the jobs read it, choose it in the "
        "connection, test it, and change the password",
    )
