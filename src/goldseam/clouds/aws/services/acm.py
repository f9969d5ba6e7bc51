"""ACM: certificates, how long they last, and what is known of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Final

from goldseam.clouds.aws.facet import VALUE, Get, Look, Reading, Send, absent_is, tags
from goldseam.clouds.aws.kind import REQUEST, Ask, AwsKind, Listing, at, changes, filled
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.shapes import Document
from goldseam.control import Between, Example, Severity, Verdict, compliant, control, may_disrupt, should_be, violation
from goldseam.model.resource import Ref
from goldseam.model.values import ABSENT, Json, Value

_KEY_TYPES: Final = (
    "RSA_1024", "RSA_2048", "RSA_3072", "RSA_4096", "EC_prime256v1", "EC_secp384r1", "EC_secp521r1",
)  # fmt: skip
"""All of them: a listing that names none leaves most out (ACM API Reference, ListCertificates, `Includes`)."""
_WEAK: Final = ("RSA_1024", "RSA-1024")


def _described(path: str) -> Get:
    return Get("acm.DescribeCertificate", {"CertificateArn": "{address}"}, f"Certificate.{path}")


def _any(raw: Json) -> Value:
    return bool(raw)


@dataclass(frozen=True)
class _DaysLeft(Look):
    """Whole days until the certificate expires, less than none when it has; absent while it is not issued."""

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """The days from the day of the reading."""
        del item
        get = _described("NotAfter")
        until = at(ask.one(get.operation, filled(get.parameters, ref), ref.region), get.path)
        if until is None:
            return Reading(ABSENT)
        return Reading((date.fromisoformat(str(until)[:10]) - date.fromisoformat(ask.today())).days)


CERTIFICATE: Final = AwsKind(
    "aws.acm.certificate",
    "ACM certificate",
    (
        Document(
            name="transparency",
            get=_described("Options.CertificateTransparencyLoggingPreference"),
            put=Send(
                "acm.UpdateCertificateOptions",
                {"CertificateArn": "{address}", "Options": {"CertificateTransparencyLoggingPreference": VALUE}},
            ),
        ),
        _DaysLeft(name="days_left", get=_described("NotAfter")),
        Look(name="type", get=_described("Type")),
        Look(name="key", get=_described("KeyAlgorithm")),
        Look(name="in_use", get=_described("InUseBy"), decode=_any, form=absent_is(default=False)),
        tags(Get("acm.ListTagsForCertificate", {"CertificateArn": "{address}"}, "Tags")),
    ),
    touched_by=(changes("acm", f"{REQUEST}.certificateArn", id="(arn:[^:]+:acm:.+:certificate/.+)"),),
    address="arn:{partition}:acm:{region}:{account}:certificate/{name}",
    find=Listing(
        "acm.ListCertificates", "CertificateSummaryList", id="CertificateArn", address="CertificateArn",
        parameters={"Includes": {"keyTypes": list(_KEY_TYPES)}},
    ),
)  # fmt: skip


@control(
    "aws.acm.certificate.transparent",
    CERTIFICATE,
    severity=Severity.LOW,
    maps=required("acm_certificates_transparency_logs_enabled"),
    disrupts=may_disrupt("the names in the certificate are written to public logs, where everyone can read them"),
    compliant=[
        {"transparency": "ENABLED", "type": "AMAZON_ISSUED"},
        {"transparency": "DISABLED", "type": "IMPORTED"},
        {"transparency": "DISABLED", "type": "PRIVATE"},
    ],
    violating=[Example({"transparency": "DISABLED", "type": "AMAZON_ISSUED"}, leaves={"transparency": "ENABLED"})],
)
def transparent(transparency: Value, type: str) -> Verdict:
    """A certificate is in the public transparency logs.

    Browsers warn of one that is not, and the logs are how a certificate in your name that you did not ask for is found.
    """
    if type != "AMAZON_ISSUED" or transparency == "ENABLED":
        return compliant
    return should_be(transparency="ENABLED", because="it is kept out of the transparency logs")


@control(
    "aws.acm.certificate.not-expiring",
    CERTIFICATE,
    severity=Severity.HIGH,
    maps=required("acm_certificates_expiration_check"),
    compliant=[
        {"days_left": 90, "in_use": True},
        {"days_left": 31, "in_use": True},
        {"days_left": ABSENT, "in_use": False},
        {"days_left": 3, "in_use": False},
    ],
    violating=[{"days_left": 30, "in_use": True}, {"days_left": 3, "in_use": True}, {"days_left": -1, "in_use": True}],
)
def not_expiring(days_left: Value, in_use: bool, *, days: Annotated[int, Between(1, 365)] = 30) -> Verdict:  # noqa: FBT001
    """A certificate that is in use does not expire soon.

    On that day clients refuse what it serves. ACM renews its own 60 days before, so one that is nearer to its end was
    imported, or cannot be renewed. One that nothing uses passes, though Security Hub ACM.1 judges it too: its end
    harms nobody, and `aws.acm.certificate.in-use` reports it so that it is deleted.
    """
    if days_left is ABSENT or days_left > days or not in_use:
        return compliant
    return violation(
        because="it has expired" if days_left < 0 else f"it expires within {days} days",
        guide="for an imported one, get a new certificate and import it with the ARN of this one, so that what uses it "
        "takes the new one by itself; for one that ACM issued, look at its renewal status: put back the DNS records of "
        "the validation, or answer the mail",
    )


@control(
    "aws.acm.certificate.strong-key",
    CERTIFICATE,
    severity=Severity.HIGH,
    maps=required("acm_certificates_with_secure_key_algorithms"),
    compliant=[{"key": "RSA_2048"}, {"key": "EC_prime256v1"}, {"key": "RSA-2048"}],
    violating=[{"key": "RSA_1024"}],
)
def strong_key(key: str) -> Verdict:
    """The key of a certificate is long enough.

    RSA keys of 1024 bits can be broken, and browsers no longer take them.
    """
    if key not in _WEAK:
        return compliant
    return violation(
        because=f"its key is {key}",
        guide="request a certificate with an RSA key of 2048 bits or an elliptic curve, set it where this one is used, "
        "and delete this one",
    )


@control(
    "aws.acm.certificate.in-use",
    CERTIFICATE,
    severity=Severity.LOW,
    compliant=[{"in_use": True}],
    violating=[{"in_use": False}],
)
def in_use(in_use: bool) -> Verdict:  # noqa: FBT001
    """A certificate is used by something.

    One that nothing uses is a key in your name that nobody looks after, and it is not renewed.
    """
    if in_use:
        return compliant
    return violation(
        because="nothing uses it",
        guide="set it on a listener or a distribution; or, if it is not needed, delete it with `aws acm "
        "delete-certificate`, which AWS refuses while anything uses it",
    )
