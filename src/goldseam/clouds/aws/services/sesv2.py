"""SES: identities, who may send as them and how receivers know them, and sets of sending rules."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from goldseam.clouds.aws.facet import VALUE, AwsFacet, Get, Look, Send, only, tags
from goldseam.clouds.aws.kind import REQUEST, AwsKind, Listing, changes
from goldseam.clouds.aws.policy_sizes import policy_json
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.sensitive import in_policies
from goldseam.clouds.aws.shapes import Document, Switch, statements
from goldseam.clouds.aws.statements import none_public, policy_document
from goldseam.control import (
    Call,
    Example,
    Severity,
    Step,
    Verdict,
    compliant,
    control,
    harmless,
    may_disrupt,
    should_be,
    violation,
)
from goldseam.model.resource import Ref
from goldseam.model.values import ABSENT, Json, Value, same

_IDENTITY: Final = {"EmailIdentity": "{id}"}
_GET: Final = "sesv2.GetEmailIdentity"


def _documents(raw: Json) -> Value:
    """The policies by name, as documents."""
    return {name: policy_json(text) for name, text in raw.items()}


def _policies_form(value: Value) -> Value:
    """The policies with statements as lists; no policies are none."""
    held = {} if value is ABSENT else value
    return {name: {**document, "Statement": statements(document)} for name, document in held.items()}


@dataclass(frozen=True)
class Named(AwsFacet):
    """Policies by name, each made, put and deleted by a call of its own."""

    create: Send = field(kw_only=True)
    update: Send = field(kw_only=True)
    delete: Send = field(kw_only=True)

    def write(self, ref: Ref, before: Value, after: Value) -> tuple[Step, ...]:
        """One call for each policy that differs; what takes access away comes first."""
        state, steps = dict(before), []
        for name in sorted({*before, *after}, key=lambda name: (name not in before, name in after, name)):
            if same(before.get(name, ABSENT), after.get(name, ABSENT)):
                continue
            call = self._call(ref, name, before, after)
            state = {key: item for key, item in state.items() if key != name}
            state |= {name: after[name]} if name in after else {}
            steps.append(self.step(call, dict(state)))
        return tuple(steps)

    def _call(self, ref: Ref, name: str, before: Mapping[str, Json], after: Mapping[str, Json]) -> Call:
        if name not in after:
            return self.delete.call(ref, more={"PolicyName": name})
        text = json.dumps(after[name], separators=(",", ":"), ensure_ascii=False, sort_keys=True)
        send = self.update if name in before else self.create
        return send.call(ref, more={"PolicyName": name, "Policy": text})


def _signing(*, on: bool) -> Send:
    return Send("sesv2.PutEmailIdentityDkimAttributes", {**_IDENTITY, "SigningEnabled": on})


IDENTITY: Final = AwsKind(
    "aws.ses.identity",
    "SES identity",
    (
        Switch(
            name="signing",
            get=Get(_GET, _IDENTITY, "DkimAttributes.SigningEnabled"),
            form=bool,
            levels={True: _signing(on=True), False: _signing(on=False)},
        ),
        Named(
            name="policies",
            get=Get(_GET, _IDENTITY, "Policies"),
            decode=_documents,
            form=_policies_form,
            sensitive=in_policies("*"),
            create=Send("sesv2.CreateEmailIdentityPolicy", _IDENTITY),
            update=Send("sesv2.UpdateEmailIdentityPolicy", _IDENTITY),
            delete=Send("sesv2.DeleteEmailIdentityPolicy", _IDENTITY),
        ),
        Look(name="dkim", get=Get(_GET, _IDENTITY, "DkimAttributes.Status")),
        Look(name="type", listed="IdentityType"),
        tags(Get(_GET, _IDENTITY, "Tags")),
    ),
    touched_by=(changes("ses", f"{REQUEST}.emailIdentity"),),
    address="arn:{partition}:ses:{region}:{account}:identity/{id}",
    find=Listing("sesv2.ListEmailIdentities", "EmailIdentities", id="IdentityName"),
)

_ARN: Final = "arn:aws:ses:eu-west-1:123456789012:identity/example.com"
_ANYONE: Final = {"Effect": "Allow", "Principal": "*", "Action": "ses:SendEmail", "Resource": _ARN}
_PARTNER: Final = {**_ANYONE, "Sid": "Partner", "Principal": {"AWS": "arn:aws:iam::210987654321:root"}}


@control(
    "aws.ses.identity.policies-not-public",
    IDENTITY,
    severity=Severity.HIGH,
    disrupts=may_disrupt("senders that only the statement for everyone lets in are refused"),
    maps=required("ses_identity_not_publicly_accessible"),
    compliant=[{"policies": {}}, {"policies": {"partner": policy_document(_PARTNER)}}],
    violating=[
        Example(
            {"policies": {"open": policy_document(_ANYONE), "partner": policy_document(_PARTNER)}},
            leaves={"policies": {"partner": policy_document(_PARTNER)}},
        ),
        Example(
            {"policies": {"both": policy_document(_PARTNER, _ANYONE)}},
            leaves={"policies": {"both": policy_document(_PARTNER)}},
        ),
    ],
)
def policies_not_public(policies: Mapping[str, Json]) -> Verdict:
    """No policy of an identity lets everyone send.

    Mail from it is mail from you, for those who get it and for the reputation of the name. Statements that name who
    may stay as they are.
    """
    return none_public(policies)


@control(
    "aws.ses.identity.signed",
    IDENTITY,
    severity=Severity.MEDIUM,
    disrupts=harmless(
        "every message from the domain gets a signature as well, which receivers can verify by DNS",
        source="Amazon SES Developer Guide, Authenticating Email with DKIM in Amazon SES",
        noticed_by="mail servers that verify signatures",
    ),
    maps=required("ses_identity_dkim_enabled"),
    compliant=[
        {"signing": True, "dkim": "SUCCESS", "type": "DOMAIN"},
        {"signing": False, "dkim": "NOT_STARTED", "type": "EMAIL_ADDRESS"},
    ],
    violating=[
        Example({"signing": False, "dkim": "SUCCESS", "type": "DOMAIN"}, leaves={"signing": True}),
        {"signing": False, "dkim": "NOT_STARTED", "type": "DOMAIN"},
        {"signing": True, "dkim": "FAILED", "type": "DOMAIN"},
    ],
)
def signed(signing: bool, dkim: Value, type: Value) -> Verdict:  # noqa: FBT001
    """Mail from a domain is signed (DKIM).

    Receivers then know mail from you from mail that only says so, and large ones refuse what is not signed. A single
    address has no keys of its own; its domain signs.
    """
    if type == "EMAIL_ADDRESS" or (signing and dkim == "SUCCESS"):
        return compliant
    if dkim != "SUCCESS":
        return violation(
            because=f"the keys of the name are not in its DNS (DKIM is {dkim})",
            guide="put the three CNAME records that SES shows for the identity into the DNS of the name, and wait "
            "until SES has seen them",
        )
    return should_be(signing=True, because="mail is not signed")


_SET: Final = {"ConfigurationSetName": "{id}"}
_OF_SET: Final = "sesv2.GetConfigurationSet"


def _delivery(value: Value) -> Value:
    return {"TlsPolicy": "OPTIONAL", **(value or {})}


CONFIGURATION_SET: Final = AwsKind(
    "aws.ses.configuration-set",
    "SES configuration set",
    (
        Document(
            name="delivery",
            get=Get(_OF_SET, _SET, "DeliveryOptions"),
            decode=only("TlsPolicy", "SendingPoolName", "MaxDeliverySeconds"),
            form=_delivery,
            put=Send("sesv2.PutConfigurationSetDeliveryOptions", _SET),
            spread=True,
        ),
        Document(
            name="reputation",
            get=Get(_OF_SET, _SET, "ReputationOptions.ReputationMetricsEnabled"),
            form=bool,
            put=Send("sesv2.PutConfigurationSetReputationOptions", {**_SET, "ReputationMetricsEnabled": VALUE}),
        ),
        tags(Get(_OF_SET, _SET, "Tags")),
    ),
    touched_by=(changes("ses", f"{REQUEST}.configurationSetName"),),
    address="arn:{partition}:ses:{region}:{account}:configuration-set/{id}",
    find=Listing("sesv2.ListConfigurationSets", "ConfigurationSets"),
)


@control(
    "aws.ses.configuration-set.tls-required",
    CONFIGURATION_SET,
    severity=Severity.MEDIUM,
    disrupts=may_disrupt("mail to receivers whose servers have no TLS is not delivered"),
    compliant=[{"delivery": {"TlsPolicy": "REQUIRE"}}],
    violating=[
        Example({"delivery": ABSENT}, leaves={"delivery": {"TlsPolicy": "REQUIRE"}}),
        Example(
            {"delivery": {"TlsPolicy": "OPTIONAL", "MaxDeliverySeconds": 3600}},
            leaves={"delivery": {"TlsPolicy": "REQUIRE", "MaxDeliverySeconds": 3600}},
        ),
    ],
)
def tls_required(delivery: Mapping[str, Json]) -> Verdict:
    """Mail is handed over by TLS only.

    Otherwise SES falls back to plain text where the other side offers no TLS, or where someone between them says so.
    """
    if delivery["TlsPolicy"] == "REQUIRE":
        return compliant
    return should_be(delivery={**delivery, "TlsPolicy": "REQUIRE"}, because="mail may be handed over in clear")


@control(
    "aws.ses.configuration-set.reputation-measured",
    CONFIGURATION_SET,
    severity=Severity.LOW,
    disrupts=harmless(
        "bounce and complaint rates are sent to CloudWatch; mail is sent as before",
        source="Amazon SES API v2 Reference, PutConfigurationSetReputationOptions",
    ),
    compliant=[{"reputation": True}],
    violating=[Example({"reputation": False}, leaves={"reputation": True})],
)
def reputation_measured(reputation: bool) -> Verdict:  # noqa: FBT001
    """Bounces and complaints are counted.

    A rate that rises shows that someone sends in your name, before receivers stop taking your mail.
    """
    return compliant if reputation else should_be(reputation=True, because="bounces and complaints are not counted")
