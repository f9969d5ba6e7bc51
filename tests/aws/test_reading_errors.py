"""What a facet whose value may be sensitive says when its answer cannot be understood."""

from __future__ import annotations

import pytest

from goldseam.clouds.aws.facet import Look
from goldseam.clouds.aws.reading import readings_of
from goldseam.control import EVERYTHING
from goldseam.model.errors import DEBUGGING
from goldseam.model.resource import Ref
from goldseam.model.values import Json, Unknown, Value
from tests.aws.test_sensitive_members import Answers, Maker

REF = Ref("aws.x.y", "123456789012", "eu-west-1", "id", "arn:aws:x:eu-west-1:123456789012:y/id")
SECRET = "canary-of-a-number"


def number(raw: Json) -> Value:
    return int(raw)


@pytest.mark.parametrize(("sensitive", "quoted"), [((), True), (EVERYTHING, False)])
def test_the_error_quotes_a_value_only_where_it_is_not_sensitive(
    sensitive: tuple[str, ...], quoted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even for whoever debugs, who gets Python's own words otherwise."""
    facet = Look(name="number", listed="Number", decode=number, sensitive=sensitive)
    said = []
    for debugging in (False, True):
        monkeypatch.setattr(DEBUGGING, "on", debugging)
        found = readings_of(Answers(Maker()), REF, {"Number": SECRET}, [facet])["number"]
        assert isinstance(found, Unknown)
        said.append(found.reason)
    assert said[0] == "the answer about number cannot be understood (a value has not the expected form)"
    assert "[ValueError" in said[1]
    assert (SECRET in said[1]) is quoted
