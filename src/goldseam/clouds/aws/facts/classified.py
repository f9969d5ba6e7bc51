"""How secret what a bucket holds is, by its tags and by what Amazon Macie found in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.facts.sources import MACIE
from goldseam.clouds.aws.facts.tagged import CLASSES, class_by_tags
from goldseam.clouds.aws.services.macie import MACIE_BUCKET
from goldseam.clouds.aws.services.s3 import BUCKET
from goldseam.control import Answer, Known, OneOf, Surroundings, fact, known
from goldseam.model.values import Unknown

_SENSITIVE: Final = 51
"""The score from which Macie calls a bucket sensitive (Macie User Guide, "Sensitivity scoring for S3 buckets")."""

_SECRET: Final = frozenset({"confidential", "restricted"})


@fact(
    "data_class", BUCKET, OneOf(CLASSES), needs={MACIE_BUCKET: ("score",)}, tolerant=True, lag=MACIE.lag,
    source=MACIE.source,
)  # fmt: skip
def bucket_class(tags: Mapping[str, str] | Unknown, *, around: Surroundings) -> Answer:
    """How secret the data is: `public`, `internal`, `confidential` or `restricted`.

    Of a bucket, Amazon Macie tells it too where it is on: a bucket in which it found sensitive data is at least
    `confidential`. That it found none is no class, as it looks at samples.
    """
    said = tags if isinstance(tags, Unknown) else class_by_tags(tags)
    score = _score(around)
    if isinstance(score, Unknown):
        return said if isinstance(said, Known) else Unknown(f"{said.reason}; {score.reason}")
    if score < _SENSITIVE:
        return (
            said
            if isinstance(said, Known)
            else Unknown(f"{said.reason}; Macie found nothing sensitive (score {score})")
        )
    found = f"Macie found sensitive data in it (score {score} of 100)"
    if isinstance(said, Unknown):
        return known("confidential", found)
    if said.value in _SECRET:
        return known(said.value, *said.evidence, found)
    return Unknown(f"{' and '.join(said.evidence)}, but {found}")


def _score(around: Surroundings) -> int | Unknown:
    held = around.of(MACIE_BUCKET)
    if isinstance(held, Unknown):
        return Unknown(f"what Macie found is not known: {held.reason}")
    for item in held:
        if item.ref.id == around.ref.id:
            score = item.facets.get("score", Unknown("its score was not read"))
            return score if isinstance(score, (int, Unknown)) else Unknown("Macie has no score of it")
    return Unknown("Macie does not list it")
