"""Certificates for servers that are kept in IAM."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Final

from goldseam.clouds.aws.facet import Get, Look, Reading
from goldseam.clouds.aws.kind import REQUEST, Ask, AwsKind, Listing, ListingScope, at, changes
from goldseam.clouds.aws.requirements import required
from goldseam.control import Between, Example, Severity, Verdict, compliant, control, violation
from goldseam.model.resource import Ref
from goldseam.model.values import Json, Value

_GET: Final = "iam.GetServerCertificate"
_WEEK: Final = 7


@dataclass(frozen=True)
class Left(Look):
    """The day on which the certificate expires, and how many days are left, in whole weeks; 0 when it has expired."""

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """From the listing's item, or from the certificate."""
        one = {"ServerCertificateName": ref.id}
        path = "ServerCertificate.ServerCertificateMetadata"
        about = item if item is not None else at(ask.one(_GET, one, ref.region), path)
        day = str(about["Expiration"])[:10]
        left = (date.fromisoformat(day) - date.fromisoformat(ask.today())).days
        return Reading({"expires": day, "left": max(left, 0) // _WEEK * _WEEK, "expired": left < 0})


SERVER_CERTIFICATE: Final = AwsKind(
    "aws.iam.server-certificate",
    "IAM server certificate",
    (Left(name="validity", get=Get(_GET, {"ServerCertificateName": "{id}"})),),
    touched_by=(
        changes("iam", f"{REQUEST}.serverCertificateName", f"{REQUEST}.newServerCertificateName"),
    ),
    address="arn:{partition}:iam::{account}:server-certificate/{id}",
    find=Listing(
        "iam.ListServerCertificates", "ServerCertificateMetadataList", id="ServerCertificateName", address="Arn"
    ),
    scope=ListingScope.GLOBAL,
)  # fmt: skip


def _validity(left: int, *, expired: bool = False) -> Json:
    return {"expires": "2027-01-01", "left": left, "expired": expired}


@control(
    "aws.iam.server-certificate.not-expired", SERVER_CERTIFICATE, severity=Severity.MEDIUM,
    maps=required("iam_no_expired_server_certificates_stored"),
    compliant=[{"validity": _validity(35)}, Example({"validity": _validity(7)}, settings={"days": 0})],
    violating=[{"validity": _validity(0, expired=True)}, {"validity": _validity(14)}],
)  # fmt: skip
def not_expired(validity: Value, *, days: Annotated[int, Between(0, 365)] = 30) -> Verdict:
    """Certificates that are kept in IAM are valid, and for some time to come.

    A load balancer or distribution that is given an expired one shows visitors a warning. Days are counted in whole
    weeks.
    """
    if not validity["expired"] and validity["left"] >= days:
        return compliant
    says = "expired" if validity["expired"] else "expires"
    return violation(
        because=f"the certificate {says} on {validity['expires']}",
        guide="1. ask ACM for a certificate of the same names, which it renews by itself; 2. give it to the "
        "listeners and distributions that use this one; 3. when none is left, `aws iam delete-server-certificate`",
    )
