"""Calls that hold placeholders: what a reading just before the call tells, compared by the cloud and never guessed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import orjson
import pytest

from goldseam.assess.evaluate import default_settings
from goldseam.clouds.aws.commands import command_words
from goldseam.clouds.aws.guard import Guard
from goldseam.clouds.aws.write import AwsWriter, check_calls, hiding
from goldseam.control import (
    Call,
    Catalog,
    Facet,
    Kind,
    Permission,
    Severity,
    Step,
    Told,
    Verdict,
    admits,
    compliant,
    control,
    harmless,
    masked,
    should_be,
)
from goldseam.model.errors import Outdated, PlanRefused, RefusedCall, Throttled
from goldseam.model.resource import Ref, Resource
from goldseam.model.values import ABSENT, Json, Placeholder, Value, same
from goldseam.ports import Gap, Key, Receipt, Secret, Shard
from goldseam.proving.ground import Alone, Diary, Hurried, all_mighty
from goldseam.repair.apply import Applied, Doors, State, apply, take_back
from goldseam.repair.authorize import Grant
from goldseam.repair.claim import Claim, epoch_of
from goldseam.repair.plan import Plan
from goldseam.repair.propose import propose, reversal

REF: Final = Ref("mem.sign", "acc", "here", "s1", "mem:acc:s1")


@dataclass(frozen=True)
class Text(Facet):
    """Put whole with the number of the version that it replaces; what the cloud named is removed by that name."""

    def write(self, ref: Ref, before: Value, after: Value) -> tuple[Step, ...]:
        if same(before, after):
            return ()
        permissions = (Permission("sign:Write", ref.address),)
        if after is ABSENT:
            sent: dict[str, Json] = {"Name": Placeholder("text", "name")}
            return (Step(self.name, Call("sign.Remove", ref.region, sent, permissions), ABSENT),)
        sent = {"Text": after, "IfMatch": [Placeholder("text", "version")]}
        return (Step(self.name, Call("sign.Put", ref.region, sent, permissions), after),)


SIGN: Final = Kind("mem.sign", "sign", (Text(name="text"),))


@control(
    "mem.sign.polite", SIGN, severity=Severity.LOW, disrupts=harmless("it is only a sign", source="Toys, a page"),
    compliant=[{"text": "please"}], violating=[{"text": "now"}],
)  # fmt: skip
def polite(text: Value) -> Verdict:
    """The sign is polite."""
    return compliant if text == "please" else should_be(text="please", because="it is not polite")


CATALOG: Final = Catalog((SIGN,), (polite,))

LIKE_PLACEHOLDERS: Final[tuple[Json, ...]] = (
    {"told by": ["text", "version"]},
    {"$goldseam": "placeholder", "facet": "text", "name": "version"},
    {"$$goldseam": "placeholder", "facet": "text", "name": "version"},
    {"facet": "text", "name": "version"},
    ["text", "version"],
)
"""Documents of a user that look like a placeholder in one way or another."""


def nothing() -> None:
    """Nobody interferes."""


@dataclass
class SignCloud:
    """One sign that counts its versions; readings may lag behind by some looks; someone may interfere before a call."""

    text: Value = "now"
    version: int = 1
    lag: int = 0
    before_call: Callable[[], None] = nothing
    sent: list[Mapping[str, Json]] = field(default_factory=list)
    _past: tuple[Value, int] = ("now", 1)

    def put(self, text: Value) -> None:
        self._past, self.text, self.version = (self.text, self.version), text, self.version + 1

    def read(self, ref: Ref, facets: frozenset[str]) -> Resource:
        text, version = self._past if self.lag else (self.text, self.version)
        self.lag = max(self.lag - 1, 0)
        return Resource(ref, {"text": text}, told={"text": {"version": str(version), "name": f"name-{version}"}})

    def shards(self, kinds: Sequence[Kind]) -> Sequence[Shard]:
        return ()

    def scan(self, shard: Shard, wanted: Mapping[Kind, frozenset[str]]) -> list[Resource | Gap]:
        return []

    def open(self, key: Key, calls: Sequence[Call]) -> SignCloud:
        return self

    def call(self, call: Call, words: Told | None = None) -> Receipt:
        self.before_call()
        sent = call.filled(words or {})
        self.sent.append(sent)
        if sent.get("IfMatch", [str(self.version)]) != [str(self.version)]:
            raise Outdated("another version is there", code="PreconditionFailed", operation=call.operation)
        self.put(sent.get("Text", ABSENT))
        return Receipt("r", {})


def doors(cloud: SignCloud) -> Doors:
    return Doors(CATALOG, cloud, cloud.open, Diary(), Alone(), Hurried(), tuple, default_settings)  # type: ignore[arg-type]


def granted(plan: Plan, stage: Doors) -> Grant:
    return Grant(plan.id, all_mighty(), Claim(plan.id, epoch_of(stage.ledger.claim(plan.id, {})), stage.ledger))


def planned(cloud: SignCloud) -> Plan:
    return propose(cloud.read(REF, frozenset({"text"})), [polite], [polite])


def applied(cloud: SignCloud, plan: Plan | None = None) -> Applied:
    plan = plan or planned(cloud)
    stage = doors(cloud)
    return apply(plan, granted(plan, stage), stage)


def test_the_plan_holds_a_place_and_the_call_the_version_that_was_read() -> None:
    cloud = SignCloud(version=7)
    plan = planned(cloud)
    assert plan.calls[0].parameters == {"Text": "please", "IfMatch": [Placeholder("text", "version")]}
    assert plan.id == planned(SignCloud(version=8)).id
    assert applied(cloud).state is State.DONE
    assert cloud.sent == [{"Text": "please", "IfMatch": ["7"]}]
    assert Plan.from_json(plan.to_json()) == plan


def test_a_repair_is_taken_back_with_the_version_that_it_made() -> None:
    cloud, plan = SignCloud(), planned(SignCloud())
    stage = doors(cloud)
    grant = granted(plan, stage)
    back = take_back(apply(plan, grant, stage), grant, stage, "it did not work")
    assert (back.state, cloud.text) == (State.UNDONE, "now")
    assert [sent["IfMatch"] for sent in cloud.sent] == [["1"], ["2"]]


def test_what_someone_writes_between_the_reading_and_the_call_is_not_overwritten() -> None:
    cloud = SignCloud()
    cloud.before_call = lambda: cloud.put("theirs") if cloud.version == 1 else None
    result = applied(cloud)
    assert (result.state, cloud.text) == (State.CONFLICT, "theirs")


def test_a_state_that_is_none_of_the_plan_s_own_gives_no_word() -> None:
    cloud = SignCloud()
    stage = doors(cloud)
    plan = planned(cloud)
    read = cloud.read

    def later(ref: Ref, facets: frozenset[str]) -> Resource:
        seen = read(ref, facets)
        cloud.text = "theirs"
        return seen

    cloud.read = later  # type: ignore[method-assign]
    result = apply(plan, granted(plan, stage), stage)
    assert (result.state, cloud.sent) == (State.CONFLICT, [])
    assert "nothing was sent" in result.because


def test_peers_12_a_reading_that_lags_is_refused_by_its_version_and_nothing_is_lost() -> None:
    cloud = SignCloud("please", 2, _past=("now", 1))
    back = reversal(planned(SignCloud()), cloud.read(REF, frozenset({"text"})), SIGN)
    stage, read = doors(cloud), cloud.read

    def once_fresh(ref: Ref, facets: frozenset[str]) -> Resource:
        seen = read(ref, facets)
        cloud.lag = 0 if cloud.sent else 1
        return seen

    cloud.read = once_fresh  # type: ignore[method-assign]
    result = apply(back, granted(back, stage), stage)
    assert [sent["IfMatch"] for sent in cloud.sent] == [["1"]]
    assert (result.state, cloud.text) == (State.UNDONE, "please")


@pytest.mark.parametrize("document", LIKE_PLACEHOLDERS)
def test_a_document_that_is_written_like_a_placeholder_is_taken_back_as_it_was(document: Json) -> None:
    """The mutation: write a placeholder into a plan without escaping the documents of users beside it."""
    cloud = SignCloud(document)
    plan = Plan.from_json(orjson.loads(orjson.dumps(planned(cloud).to_json())))
    stage = doors(cloud)
    grant = granted(plan, stage)
    assert plan.undo[0].asks == {"text"}
    back = take_back(apply(plan, grant, stage), grant, stage, "it did not work")
    assert (back.state, cloud.text) == (State.UNDONE, document)
    assert cloud.sent == [{"Text": "please", "IfMatch": ["1"]}, {"Text": document, "IfMatch": ["2"]}]


@pytest.mark.parametrize("document", LIKE_PLACEHOLDERS)
def test_no_reading_fills_a_document_in_and_no_word_fits_it(document: Json) -> None:
    call = Call("sign.Put", "here", {"Text": [document]}, ())
    assert call.asks == frozenset()
    assert call.filled({"text": {"version": "7"}}) == {"Text": [document]}
    assert not admits(call.parameters, {"Text": ["7"]})
    assert Call.from_json(call.to_json()) == call
    assert "secret" not in str(masked({"a": {"told by": ["secret", "secret"]}}, Text(name="text", sensitive=("a",))))


def test_what_the_cloud_named_is_removed_by_the_name_that_a_reading_tells() -> None:
    cloud = SignCloud("please", 3)
    plan = reversal(planned(SignCloud(ABSENT)), cloud.read(REF, frozenset({"text"})), SIGN)
    assert applied(cloud, plan).state is State.DONE
    assert cloud.sent == [{"Name": "name-3"}]


# --- the writer and the guard of AWS ---

IF_MATCH: Final = Placeholder("config", "ETag")
UPDATE: Final = Call("cloudfront.DeleteFunction", "global", {"Name": "f", "IfMatch": IF_MATCH}, ())


def test_only_a_word_fits_a_place_and_everything_else_is_exact() -> None:
    planned_for = {"Id": "d", "IfMatch": IF_MATCH, "Ids": [IF_MATCH]}
    assert admits(planned_for, {"Id": "d", "IfMatch": "E1", "Ids": ["x"]})
    for sent in (
        {"Id": "e", "IfMatch": "E1", "Ids": ["x"]}, {"Id": "d", "IfMatch": "", "Ids": ["x"]},
        {"Id": "d", "IfMatch": {"a": 1}, "Ids": ["x"]}, {"Id": "d", "IfMatch": "E1", "Ids": ["x", "y"]},
        {"Id": "d", "IfMatch": "E1"}, {"Id": "d", "IfMatch": "E1", "Ids": ["x"], "More": 1},
        {"Id": "d", "IfMatch": "E1", "Ids": "x"},
    ):  # fmt: skip
        assert not admits(planned_for, sent)


class Line:
    """A door that takes everything."""

    def __init__(self) -> None:
        self.sent: list[Mapping[str, Json]] = []

    def call(self, service: str, operation: str, region: str | None = None, /, **params: Json) -> object:
        self.sent.append(params)
        if len(self.sent) == 1:
            raise Throttled("slow down", code="Throttling")
        return _Answer()


class _Answer(dict[str, Json]):
    request_id = "r"


def writer(line: Line) -> AwsWriter:
    return AwsWriter(line, [UPDATE], hiding(Secret(access_key="AKIAEXAMPLEEXAMPLE00")), "us-east-1", Hurried())  # type: ignore[arg-type]


def test_the_writer_sends_the_word_and_sends_the_same_again() -> None:
    line = Line()
    writer(line).call(UPDATE, {"config": {"ETag": "E1"}})
    assert line.sent == [{"Name": "f", "IfMatch": "E1"}] * 2


def test_the_writer_sends_nothing_without_the_word() -> None:
    line = Line()
    nothing_told: tuple[Told | None, ...] = (
        None,
        {},
        {"config": {}},
        {"config": {"ETag": ""}},
        {"other": {"ETag": "E1"}},
    )
    for words in nothing_told:
        with pytest.raises(RefusedCall, match="nothing was sent"):
            writer(line).call(UPDATE, words)
    with pytest.raises(RefusedCall, match="not in the plan"):
        writer(line).call(Call("cloudfront.DeleteFunction", "global", {"Name": "f", "IfMatch": "E1"}, ()))
    assert line.sent == []


def test_the_guard_lets_a_word_through_in_a_place_and_nowhere_else() -> None:
    guard = Guard([(UPDATE.operation, UPDATE.parameters)])

    class Model:
        name = "DeleteFunction"

        class service_model:  # noqa: N801 - botocore's name
            service_name = "cloudfront"

    guard._check({"Name": "f", "IfMatch": "E1"}, Model(), {})
    with pytest.raises(RefusedCall):
        guard._check({"Name": "g", "IfMatch": "E1"}, Model(), {})


def test_a_call_with_places_is_held_against_the_service_s_description() -> None:
    check_calls([UPDATE])
    with pytest.raises(PlanRefused, match="cannot be sent"):
        check_calls([Call("cloudfront.DeleteFunction", "global", {"IfMatch": IF_MATCH}, ())])


def test_on_the_command_line_a_place_says_what_belongs_there() -> None:
    words = command_words(UPDATE)
    assert words[words.index("--if-match") + 1] == "<the ETag of config>"
    nested = Call("ec2.DeleteFlowLogs", "eu-west-3", {"FlowLogIds": [Placeholder("flow_logs", "id")]}, ())
    assert "<the id of flow_logs>" in " ".join(command_words(nested))
