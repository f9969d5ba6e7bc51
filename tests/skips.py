"""No test is skipped, or expected to fail, without a reason that `tests/skips.toml` allows: the session fails else.

A test that does not run proves nothing, and a suite that is green without it says that it does. Loaded by
`tests/conftest.py`; under xdist the process that collects the reports of all workers decides.
"""

from __future__ import annotations

import fnmatch
import tomllib
from pathlib import Path
from typing import Final

import pytest

ALLOWED: Final = Path(__file__).with_name("skips.toml")
_FAILED: Final = 1


class NoSkips:
    """Collects what did not run, and fails the session for what nobody allowed."""

    def __init__(self, allowed: Path) -> None:
        document = tomllib.loads(allowed.read_text(encoding="utf-8"))
        self._allowed = [(item["test"], item["reason"]) for item in document.get("skip", [])]
        self._found: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A test that was skipped, or was expected to fail, whatever it then did."""
        if report.skipped or hasattr(report, "wasxfail"):
            self._note(report.nodeid, str(getattr(report, "wasxfail", "")) or _reason(report.longrepr))

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A module that was skipped as a whole."""
        if report.skipped:
            self._note(report.nodeid, _reason(report.longrepr))

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fail a session that would else pass."""
        if self._found and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode(_FAILED)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say which, and why."""
        if self._found:
            terminalreporter.section("tests that did not run, and that tests/skips.toml does not allow")
            for name, reason in sorted(self._found.items()):
                terminalreporter.write_line(f"{name}: {reason or 'no reason given'}")

    def _note(self, name: str, reason: str) -> None:
        if not any(fnmatch.fnmatchcase(name, test) and why in reason for test, why in self._allowed):
            self._found[name] = reason


def pytest_configure(config: pytest.Config) -> None:
    """Watch, in the process that hears of every test."""
    if not hasattr(config, "workerinput"):
        given = config.getoption("--allowed-skips")
        config.pluginmanager.register(NoSkips(Path(given)), "no-skips")


def pytest_addoption(parser: pytest.Parser) -> None:
    """The list may be another one, for the tests of this rule."""
    parser.addoption("--allowed-skips", default=str(ALLOWED), help="the list of tests that may be skipped")


def _reason(longrepr: object) -> str:
    """The reason of a skip: pytest gives file, line and reason."""
    return str(longrepr[2]) if isinstance(longrepr, tuple) else str(longrepr or "")
