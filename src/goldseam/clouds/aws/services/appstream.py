"""AppStream: fleets, how long their sessions last and how they reach the internet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final

from goldseam.clouds.aws.facet import Get, Look, Send, tags
from goldseam.clouds.aws.kind import REQUEST, AwsKind, Listing, changes
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.shapes import Settings
from goldseam.control import Between, Example, Severity, Verdict, compliant, control, may_disrupt, should_be, violation
from goldseam.model.values import Json, Value

_FLEET: Final = {"Name": "{id}"}
_SESSION: Final = "MaxUserDurationInSeconds"
_DISCONNECT: Final = "DisconnectTimeoutInSeconds"
_IDLE: Final = "IdleDisconnectTimeoutInSeconds"
_INTERNET: Final = "EnableDefaultInternetAccess"
_FIELDS: Final = (_SESSION, _DISCONNECT, _IDLE, _INTERNET)


FLEET: Final = AwsKind(
    "aws.appstream.fleet",
    "AppStream fleet",
    (
        Settings(
            name="settings",
            listed="",
            modify=Send("appstream.UpdateFleet", _FLEET),
            fields={name: name for name in _FIELDS},
        ),
        Look(name="state", listed="State"),
        tags(Get("appstream.ListTagsForResource", {"ResourceArn": "{address}"}, "Tags")),
    ),
    touched_by=(
        changes("appstream", f"{REQUEST}.name", names=("CreateFleet", "UpdateFleet", "StartFleet", "StopFleet")),
    ),
    address="arn:{partition}:appstream:{region}:{account}:fleet/{id}",
    find=Listing("appstream.DescribeFleets", "Fleets", id="Name", narrow={"Names": ["{id}"]}),
)

_GOOD: Final = {_SESSION: 28800, _DISCONNECT: 300, _IDLE: 600, _INTERNET: False}


def _stopped_first(settings: Mapping[str, Json], state: Value, because: str, **fields: Json) -> Verdict:
    """The verdict that these fields should be so; they can be changed while no session runs (UpdateFleet)."""
    if state != "STOPPED":
        return violation(
            because=f"{because}, and the fleet is {state}",
            guide="tell its users, stop the fleet, repair this, and start it again",
        )
    return should_be(settings={**settings, **fields}, because=because)


@control(
    "aws.appstream.fleet.no-default-internet",
    FLEET,
    severity=Severity.MEDIUM,
    disrupts=may_disrupt("sessions reach the internet only where the fleet's network has a way out"),
    maps=required("appstream_fleet_default_internet_access_disabled"),
    compliant=[{"settings": _GOOD, "state": "RUNNING"}],
    violating=[
        Example({"settings": {**_GOOD, _INTERNET: True}, "state": "STOPPED"}, leaves={"settings": _GOOD}),
        {"settings": {**_GOOD, _INTERNET: True}, "state": "RUNNING"},
    ],
)
def no_default_internet(settings: Mapping[str, Json], state: Value) -> Verdict:
    """Sessions reach the internet through the network of the account only.

    Default access gives each session a public address, and passes by every firewall and log that the network has.
    """
    if not settings.get(_INTERNET, False):
        return compliant
    return _stopped_first(settings, state, "sessions have direct access to the internet", **{_INTERNET: False})


@control(
    "aws.appstream.fleet.sessions-end",
    FLEET,
    severity=Severity.LOW,
    disrupts=may_disrupt("whoever works for longer is signed out, and loses what was not saved"),
    maps=required("appstream_fleet_maximum_session_duration"),
    compliant=[{"settings": _GOOD, "state": "RUNNING"}],
    violating=[
        Example(
            {"settings": {**_GOOD, _SESSION: 57600}, "state": "STOPPED"},
            leaves={"settings": {**_GOOD, _SESSION: 36000}},
        ),
        {"settings": {**_GOOD, _SESSION: 57600}, "state": "RUNNING"},
    ],
)
def sessions_end(
    settings: Mapping[str, Json], state: Value, *, seconds: Annotated[int, Between(600, 432000)] = 36000
) -> Verdict:
    """A session ends with the working day.

    One that goes on is there for whoever finds the device, or the session's cookie.
    """
    found = settings.get(_SESSION, 0)
    if found <= seconds:
        return compliant
    because = f"sessions last for {found} seconds, and should for {seconds}"
    return _stopped_first(settings, state, because, **{_SESSION: seconds})


def _quicker(settings: Mapping[str, Json], field: str, seconds: int, what: str) -> Verdict:
    found = settings.get(field, 0)
    if 0 < found <= seconds:
        return compliant
    because = f"{what} after {found} seconds, and should after {seconds}" if found else f"{what} never"
    return should_be(settings={**settings, field: seconds}, because=because)


@control(
    "aws.appstream.fleet.disconnected-sessions-end",
    FLEET,
    severity=Severity.LOW,
    disrupts=may_disrupt("whoever comes back later begins a new session, and loses what was not saved"),
    maps=required("appstream_fleet_session_disconnect_timeout"),
    compliant=[{"settings": _GOOD}],
    violating=[Example({"settings": {**_GOOD, _DISCONNECT: 3600}}, leaves={"settings": _GOOD})],
)
def disconnected_end(settings: Mapping[str, Json], *, seconds: Annotated[int, Between(60, 36000)] = 300) -> Verdict:
    """A session that its user left ends soon.

    Until then whoever has the user's sign-in goes on where they left off.
    """
    found = settings.get(_DISCONNECT, 0)
    if found <= seconds:
        return compliant
    return _quicker(settings, _DISCONNECT, seconds, "sessions that were left end")


@control(
    "aws.appstream.fleet.idle-sessions-disconnected",
    FLEET,
    severity=Severity.LOW,
    disrupts=may_disrupt("whoever looks away for longer has to connect again"),
    maps=required("appstream_fleet_session_idle_disconnect_timeout"),
    compliant=[{"settings": _GOOD}],
    violating=[
        Example({"settings": {**_GOOD, _IDLE: 0}}, leaves={"settings": _GOOD}),
        Example({"settings": {**_GOOD, _IDLE: 3600}}, leaves={"settings": _GOOD}),
    ],
)
def idle_disconnected(settings: Mapping[str, Json], *, seconds: Annotated[int, Between(60, 36000)] = 600) -> Verdict:
    """A session that nobody uses is disconnected.

    A screen that was left open is a session for whoever passes by.
    """
    return _quicker(settings, _IDLE, seconds, "idle sessions are disconnected")
