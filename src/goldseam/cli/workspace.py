"""What a command works with: home, account, catalogue and policies, each opened when it is asked for."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from goldseam.clouds.aws.bounds import Bounds
    from goldseam.clouds.aws.cloud import AwsCloud
    from goldseam.clouds.aws.shard import Progress
    from goldseam.control import Catalog
    from goldseam.decide import Exemption
    from goldseam.decide.policy import PolicySet
    from goldseam.model.resource import Ref
    from goldseam.model.values import Unknown
    from goldseam.ports import Entry
    from goldseam.repair.plan import Plan
    from goldseam.service.pipeline import Standing
    from goldseam.store import Home
    from goldseam.store.plans import Filed

POLICY_FILE: Final = "policy.yaml"
DEFAULT_HOME: Final = "~/.goldseam"


class Workspace:
    """One run of the command line; nothing is opened before it is used."""

    def __init__(self, home: Path | None, profile: str = "", endpoint_url: str = "", database: str = "") -> None:
        self.home_given = home
        self.home_path = home or Path(DEFAULT_HOME).expanduser()
        self.database = database
        self._profile, self._endpoint_url = profile, endpoint_url

    @cached_property
    def home(self) -> Home:
        """The folder that holds everything; raises HomeError."""
        from goldseam.store import Home
        from goldseam.store.upgrade import FORMAT

        home = Home(self.home_path, None, self.database)
        if home.format != FORMAT:
            self._bring_up(home)
        return home

    def _bring_up(self, home: Home) -> None:
        """Bring a home that another version wrote up to date, and say what that means."""
        from goldseam.cli import output
        from goldseam.clouds.aws.renamed import RENAMED
        from goldseam.store.upgrade import FORMAT, bring_up

        done = bring_up(home, self.catalog.control_by_id, RENAMED)
        if done is None:
            return
        output.note(f"goldseam: `{home.path}` was upgraded from format {done.before} to {FORMAT}")
        if done.old_plans:
            output.note(f"  {output.count(done.old_plans, 'plan')} of an older format cannot be applied; plan again")
        for item in done.unmapped:
            told = f"nothing on {item.ref.address} is changed while it stands"
            output.note(f"  exemption {item.name} is for `{item.control}`, which does not exist (any more): {told}")

    @cached_property
    def catalog(self) -> Catalog:
        """Every kind, control and fact."""
        from goldseam.clouds.aws.cloud import aws_catalog

        return aws_catalog()

    @cached_property
    def policies(self) -> PolicySet:
        """The policy in force, empty when there is none; raises InvalidDocument."""
        from goldseam.decide.policy import load_policies, no_policies

        entry = self.policy_entry
        if entry is None:
            return no_policies()
        path = self.home_path / POLICY_FILE
        where = str(path) if _text_of(path) == entry.body["text"] else f"policy of ledger entry {entry.seq}"
        return load_policies(entry.body["text"], where, self.catalog)

    @cached_property
    def policy_entry(self) -> Entry | None:
        """The ledger's entry that put the policy in force: the newest one, and none when that does not verify (law 10).

        The file in the home is for people to read. One that differs is not in force, and that is said.
        """
        from goldseam.cli import output

        newest = _last(self.home.ledger.entries(kind="policy"))
        entry = _last(self.home.ledger.verified(kind="policy"))
        if newest is not None and (entry is None or entry.seq != newest.seq):
            output.note(
                f"goldseam: the policy in ledger entry {newest.seq} cannot be verified, so no policy is in force and "
                "nothing is changed; put one in force by `goldseam policy use FILE`"
            )
            return None
        path = self.home_path / POLICY_FILE
        text = _text_of(path)
        if text is not None and (entry is None or entry.body["text"] != text):
            output.note(f"goldseam: `{path}` is not the policy in force; `goldseam policy use {path}` puts it in force")
        return entry

    def standing(self, policies: PolicySet | None = None) -> Standing:
        """The user's rules and what happened before, as they are now."""
        from goldseam.model.clock import SystemClock
        from goldseam.repair.recall import recall
        from goldseam.service.pipeline import Standing

        chosen = self.policies if policies is None else policies
        memory = recall(self.home.ledger, SystemClock().now(), self.home.ledger.restraints())
        return Standing(chosen, self.exemptions(), memory, self.home.scans.earlier)

    def exemptions(self) -> tuple[Exemption, ...]:
        """The standing exemptions, as they are now; those of controls that do not exist marked so."""
        from goldseam.decide import with_known_controls

        return with_known_controls(self.home.exemptions.standing(), self.catalog.control_by_id)

    def stored_regions(self, kind: str, ref: Ref) -> Mapping[str, str] | Unknown:
        """The regions of a kind's resources by id, in a resource's account, as the last scan stored them."""
        from goldseam.model.values import Unknown

        refs = [other for other in self.home.scans.resources(kind=kind) if other.account == ref.account]
        if not refs:
            return Unknown(f"no scan of account {ref.account} stored any of `{kind}`")
        return {other.id: other.region for other in refs}

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


def _text_of(path: Path) -> str | None:
    """The text of a file, None where there is no file; what is no text is none that could be in force."""
    return path.read_text("utf-8", errors="replace") if path.exists() else None


def _last(entries: Iterable[Entry]) -> Entry | None:
    return next(iter(deque(entries, maxlen=1)), None)


def who(by: str) -> Mapping[str, str]:
    """The person that a command is run by, for the record."""
    import getpass

    return {"by": by or getpass.getuser()}
