"""A module of a user's own: controls on a kind that no emulator knows."""

from tests import toy

KIND = toy.HOUSE
CONTROLS = (toy.no_open_door, toy.no_window_door, toy.lamp_lit, toy.quiet_street)
