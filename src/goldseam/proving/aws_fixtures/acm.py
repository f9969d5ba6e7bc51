"""Certificates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.services import acm
from goldseam.model.values import Value
from goldseam.proving.aws_fixtures.making import pair
from goldseam.proving.emulated import REGION, EmulatedGround, Fixture, FixtureResult


def _certificate(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    del facets
    arns = [
        str(ground.make("acm.RequestCertificate", DomainName=f"{each}.example.com")["CertificateArn"])
        for each in pair(name)
    ]
    refs = [acm.CERTIFICATE.ref("aws", ground.account, REGION, arn, arn) for arn in arns]
    return FixtureResult(refs[0], {}, (refs[1],))


FIXTURES: Final[Mapping[str, Fixture]] = {"aws.acm.certificate": Fixture(_certificate)}
