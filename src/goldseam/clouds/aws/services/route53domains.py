"""Domains that are registered with Route 53: who can take them away, and when they end.

The registry does what is asked in its own time, so a change is pending while an operation on the domain is under way.
Source: Route 53 API Reference, "Actions on domain registrations"; all of it is answered in us-east-1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from goldseam.clouds.aws.facet import Get, Reading, Send
from goldseam.clouds.aws.kind import REQUEST, Ask, AwsKind, Listing, ListingScope, changes
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.shapes import Settings, Switch
from goldseam.control import Example, Severity, Verdict, compliant, control, harmless, may_disrupt, should_be
from goldseam.model.resource import Ref
from goldseam.model.values import Json

_HOME: Final = "us-east-1"
_THIS: Final = {"DomainName": "{id}"}
_UNDER_WAY: Final = "route53domains.ListOperations"
_PRIVACY: Final = ("AdminPrivacy", "RegistrantPrivacy", "TechPrivacy")


def _send(name: str) -> Send:
    return Send(f"route53domains.{name}", _THIS, resources=("*",), region=_HOME)


def _waits(ask: Ask, ref: Ref) -> str:
    """What the domain waits for; one question tells it of all domains."""
    found = ask.every(_UNDER_WAY, {"Status": ["SUBMITTED", "IN_PROGRESS"]}, _HOME, "Operations")
    types = sorted(str(item.get("Type")) for item in found if item.get("DomainName") == ref.id)
    return f"the registry, for {', '.join(types)}" if types else ""


@dataclass(frozen=True)
class _Lock(Switch):
    """Whether the domain is locked; the registry sets it in its own time."""

    @property
    def read_operations(self) -> tuple[str, ...]:
        """The operations under way."""
        return (_UNDER_WAY,)

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """The lock as the listing has it, and what it waits for."""
        return Reading(super().read(ask, ref, item).value, _waits(ask, ref))


@dataclass(frozen=True)
class _Privacy(Settings):
    """Whose contact data is hidden; the registry sets it in its own time. The data itself is not kept."""

    @property
    def read_operations(self) -> tuple[str, ...]:
        """The domain, and the operations under way."""
        return (*super().read_operations, _UNDER_WAY)

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """What is hidden, and what it waits for."""
        return Reading(super().read(ask, ref, item).value, _waits(ask, ref))


DOMAIN: Final = AwsKind(
    "aws.route53domains.domain",
    "registered domain",
    (
        _Lock(
            name="transfer_lock",
            listed="TransferLock",
            levels={True: _send("EnableDomainTransferLock"), False: _send("DisableDomainTransferLock")},
        ),
        Switch(
            name="renewed",
            listed="AutoRenew",
            levels={True: _send("EnableDomainAutoRenew"), False: _send("DisableDomainAutoRenew")},
        ),
        _Privacy(
            name="privacy",
            get=Get("route53domains.GetDomainDetail", _THIS, region=_HOME),
            modify=_send("UpdateDomainContactPrivacy"),
            fields={name: name for name in _PRIVACY},
        ),
    ),
    touched_by=(changes("route53domains", f"{REQUEST}.domainName"),),
    address="arn:{partition}:route53domains::{account}:domain/{id}",
    find=Listing("route53domains.ListDomains", "Domains", id="DomainName", home=_HOME),
    scope=ListingScope.GLOBAL,
)


@control(
    "aws.route53domains.domain.transfer-locked",
    DOMAIN,
    severity=Severity.HIGH,
    maps=required("route53_domains_transferlock_enabled"),
    disrupts=harmless(
        "names are resolved as before; only a transfer to another registrar is refused, until the lock is removed",
        source="Amazon Route 53 Developer Guide, Locking a domain to prevent unauthorized transfer to another "
        "registrar",
        noticed_by="those who transfer the domain",
    ),
    compliant=[{"transfer_lock": True}],
    violating=[Example({"transfer_lock": False}, leaves={"transfer_lock": True})],
)
def transfer_locked(transfer_lock: bool) -> Verdict:  # noqa: FBT001
    """A domain cannot be moved to another registrar by whoever asks.

    Whoever has the domain has the mail, the site and the certificates in its name.
    """
    return compliant if transfer_lock else should_be(transfer_lock=True, because="the transfer lock is off")


@control(
    "aws.route53domains.domain.renewed",
    DOMAIN,
    severity=Severity.MEDIUM,
    disrupts=harmless(
        "names are resolved as before; every renewal is charged when it is due",
        source="Amazon Route 53 Domains API Reference, EnableDomainAutoRenew",
        noticed_by="those who pay",
    ),
    compliant=[{"renewed": True}],
    violating=[Example({"renewed": False}, leaves={"renewed": True})],
)
def renewed(renewed: bool) -> Verdict:  # noqa: FBT001
    """A domain is renewed by itself.

    One that lapses is registered by someone else within hours, with all the trust that its name has.
    """
    return compliant if renewed else should_be(renewed=True, because="it is not renewed by itself")


_HIDDEN: Final = dict.fromkeys(_PRIVACY, True)


@control(
    "aws.route53domains.domain.contacts-private",
    DOMAIN,
    severity=Severity.LOW,
    maps=required("route53_domains_privacy_protection_enabled"),
    disrupts=may_disrupt(
        "mail to the contact addresses in WHOIS goes to the privacy service, whose spam filter may hold back "
        "critical mail (certificates, transfers)",
        source="Amazon Route 53 Developer Guide, Enabling or disabling privacy protection for contact information for "
        "a domain",
    ),
    compliant=[{"privacy": _HIDDEN}],
    violating=[Example({"privacy": {**_HIDDEN, "AdminPrivacy": False}}, leaves={"privacy": _HIDDEN})],
)
def contacts_private(privacy: Mapping[str, bool]) -> Verdict:
    """The contacts of a domain are not shown to everyone.

    Names, addresses and telephone numbers of those who hold the domain are what a fraud begins with.
    """
    shown = [name.removesuffix("Privacy").lower() for name in _PRIVACY if not privacy.get(name)]
    if not shown:
        return compliant
    return should_be(privacy={**privacy, **_HIDDEN}, because=f"the register shows the {', '.join(shown)} contact")
