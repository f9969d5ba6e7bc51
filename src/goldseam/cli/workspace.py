"""What a command works with: home, account, catalogue and policies, each opened when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from goldseam.clouds.aws.bounds import Bounds
    from goldseam.clouds.aws.cloud import AwsCloud
    from goldseam.clouds.aws.shard import Progress
    from goldseam.control import Catalog
    from goldseam.pipeline import Standing
    from goldseam.plan import Plan
    from goldseam.policy import PolicySet
    from goldseam.store import Home
    from goldseam.store.plans import Filed

POLICY_FILE: Final = "policy.yaml"
DEFAULT_HOME: Final = "~/.goldseam"


class Workspace:
    """One run of the command line; nothing is opened before it is used."""

    def __init__(self, home: Path | None, profile: str = "", endpoint_url: str = "") -> None:
        self.home_given = home
        self.home_path = home or Path(DEFAULT_HOME).expanduser()
        self._profile, self._endpoint_url = profile, endpoint_url

    @cached_property
    def home(self) -> Home:
        """The folder that holds everything; raises HomeError."""
        from goldseam.store import Home

        return Home(self.home_path)

    @cached_property
    def catalog(self) -> Catalog:
        """Every kind, control and fact."""
        from goldseam.clouds.aws.cloud import aws_catalog

        return aws_catalog()

    @cached_property
    def policies(self) -> PolicySet:
        """The policy in force, empty when there is none; raises InvalidDocument."""
        from goldseam.policy import load_policies, no_policies

        path = self.home_path / POLICY_FILE
        return load_policies(path.read_text("utf-8"), str(path), self.catalog) if path.exists() else no_policies()

    def standing(self, policies: PolicySet | None = None) -> Standing:
        """The user's rules and what happened before, as they are now."""
        from goldseam.clock import SystemClock
        from goldseam.pipeline import Standing
        from goldseam.recall import recall

        chosen = self.policies if policies is None else policies
        memory = recall(self.home.ledger, SystemClock().now())
        return Standing(chosen, self.home.exemptions.standing(), memory)

    @contextmanager
    def cloud(
        self,
        regions: tuple[str, ...] = (),
        max_rate: float | None = None,
        progress: Progress | None = None,
        bounds: Bounds | None = None,
    ) -> Iterator[AwsCloud]:
        """The account, with its threads and connections for as long as the block lasts."""
        from goldseam.clouds.aws.bounds import DEFAULT
        from goldseam.clouds.aws.cloud import AwsCloud

        profile, endpoint = self._profile or None, self._endpoint_url or None
        with AwsCloud(
            profile, endpoint, regions, max_rate, progress=progress, bounds=bounds or DEFAULT
        ) as cloud:  # fmt: skip
            yield cloud

    def filed(self, plan_id: str) -> Filed:
        """A plan that was made, with the decisions that led to it; raises UnknownName."""
        return self.home.plans.get(plan_id)

    def plan(self, plan_id: str) -> Plan:
        """A plan that was made; raises UnknownName."""
        return self.filed(plan_id).plan


def who(by: str) -> Mapping[str, str]:
    """The person that a command is run by, for the record."""
    import getpass

    return {"by": by or getpass.getuser()}
