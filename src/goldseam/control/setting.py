"""Settings: what the user of a control may choose, typed, with a default."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Final

from goldseam.control.named import Naming, Placed
from goldseam.control.networks import internet_networks
from goldseam.model.errors import UnknownName, UsageError
from goldseam.model.values import Json, Unknown


class Cidr(str):
    """An IPv4 or IPv6 network in CIDR notation."""

    __slots__ = ()


class Port(int):
    """A port of TCP or UDP."""

    __slots__ = ()


_LAST_PORT: Final = 65535


def _cidr(value: Json) -> Cidr:
    if not isinstance(value, str):
        msg = "a network is given as text, such as `192.0.2.0/24`"
        raise TypeError(msg)
    if ip_network(value, strict=True).prefixlen == 0:
        msg = "that is the whole internet"
        raise ValueError(msg)
    _refuse_internet([value])
    return Cidr(value)


def _refuse_internet(networks: Sequence[str]) -> None:
    """Raise ValueError for the internet at large, also in parts: a rule would be passed over that opens it again."""
    if found := internet_networks(networks):
        msg = f"that is the internet at large: {', '.join(found)}"
        raise ValueError(msg)


def _cidrs(value: Json) -> tuple[Cidr, ...]:
    if not isinstance(value, (list, tuple)):
        msg = "a list of CIDRs is wanted"
        raise TypeError(msg)
    networks = tuple(_cidr(item) for item in value)
    _refuse_internet(networks)
    return networks


def _ports(value: Json) -> tuple[Port, ...]:
    if not isinstance(value, (list, tuple)) or not all(type(item) in {int, Port} for item in value):
        msg = "a list of port numbers is wanted"
        raise TypeError(msg)
    if strange := [item for item in value if not 0 <= item <= _LAST_PORT]:
        msg = f"a port is a number from 0 to {_LAST_PORT}, and {strange[0]} is none"
        raise ValueError(msg)
    return tuple(map(Port, value))


def _exactly(kind: type) -> object:
    def check(value: Json) -> Json:
        if type(value) is not kind:
            msg = f"{kind.__name__} is wanted"
            raise TypeError(msg)
        return value

    return check


_PARSERS: Final[Mapping[object, object]] = {
    Cidr: _cidr,
    tuple[Cidr, ...]: _cidrs,
    tuple[Port, ...]: _ports,
    int: _exactly(int),
    bool: _exactly(bool),
    str: _exactly(str),
}

_LISTS: Final[Mapping[object, str]] = {tuple[Cidr, ...]: "list of Cidr", tuple[Port, ...]: "list of Port"}


@dataclass(frozen=True, slots=True)
class Setting:
    """One parameter of a control: its name, its type and its default.

    `naming` and `placed` are those of a setting that names something else: its forms, and where that must be.
    """

    name: str
    type: object
    default: Json
    low: int | None = None
    high: int | None = None
    naming: Naming | None = None
    placed: Placed | None = None

    @property
    def type_name(self) -> str:
        """The type as people write it."""
        if self.naming:
            return self.naming.type_name
        return _LISTS.get(self.type) or str(getattr(self.type, "__name__", self.type))

    def parsed(self, value: Json) -> Json:
        """The value as the control receives it; raises UsageError that says what is wanted.

        The default is one of the values, and what could not be told (of a plan that was made so) stays that.
        """
        if isinstance(value, Unknown) or (type(value) is type(self.default) and value == self.default):
            return value
        try:
            result = self.naming.checked(value) if self.naming else _PARSERS[self.type](value)  # type: ignore[operator]
            self._check_bounds(result)
        except (ValueError, TypeError) as error:
            msg = f"setting `{self.name}` ({self.type_name}) cannot be `{value}`: {error}"
            raise UsageError(msg) from error
        return result

    def _check_bounds(self, value: Json) -> None:
        if self.low is not None and value < self.low:
            msg = f"the least is {self.low}"
            raise ValueError(msg)
        if self.high is not None and value > self.high:
            msg = f"the most is {self.high}"
            raise ValueError(msg)


def is_setting_type(kind: object) -> bool:
    """Whether a parameter annotated with this type can be a setting."""
    return kind in _PARSERS


def parsed_settings(control: str, settings: tuple[Setting, ...], given: Mapping[str, Json]) -> dict[str, Json]:
    """The given settings checked and completed with the defaults.

    Raises UnknownName for a setting that the control does not have, UsageError for a value that does not fit.
    """
    by_name = {setting.name: setting for setting in settings}
    for name in given:
        if name not in by_name:
            raise UnknownName(f"setting of {control}", name, by_name)
    chosen = {setting.name: setting.default for setting in settings}
    return chosen | {name: by_name[name].parsed(value) for name, value in given.items()}
