"""What every use case works with: the home, the account, the clock and the actor, each opened when it is asked for."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from copy import copy
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from goldseam.model.clock import SystemClock
from goldseam.service.rights import Actor

if TYPE_CHECKING:
    from typing import Self

    from goldseam.clouds.bounds import Bounds, Progress
    from goldseam.clouds.protocol import CloudAccount
    from goldseam.control import Catalog
    from goldseam.decide import Exemption
    from goldseam.decide.policy import PolicySet
    from goldseam.model.resource import Ref
    from goldseam.model.values import Unknown
    from goldseam.ports import Clock, Entry
    from goldseam.repair.apply import Doors
    from goldseam.service.interruption import Interruption
    from goldseam.service.masking import Masking
    from goldseam.service.pipeline import Standing
    from goldseam.store import Home

POLICY_FILE: Final = "policy.yaml"
DEFAULT_HOME: Final = "~/.goldseam"


def _no_notices(notice: str) -> None:
    """Nobody is told."""
    del notice


def _nobody_to_ask(question: str) -> str:
    from goldseam.model.errors import GrantRefused

    msg = f"nobody can be asked for the {question.strip(' :')}"
    raise GrantRefused(msg)


class ServiceContext:
    """What a use case works with; nothing is opened before it is used.

    `notify` gets what happens beside the answer, one line at a time; `ask_code` asks a person for a code that is not
    echoed; `interruption` says whether the process is to end. `database` is the address of a PostgreSQL database that
    is used in place of the one in the home. `shared` is true where others write into the store too:
    a name that nobody vouches for approves nothing there.
    """

    def __init__(
        self,
        home: Path | None = None,
        profile: str = "",
        endpoint_url: str = "",
        *,
        notify: Callable[[str], None] = _no_notices,
        ask_code: Callable[[str], str] = _nobody_to_ask,
        interruption: Interruption | None = None,
        clock: Clock | None = None,
        database: str = "",
        shared: bool = False,
    ) -> None:
        self.home_given = home
        self.home_path = home or Path(DEFAULT_HOME).expanduser()
        self.database = database
        self.notify, self.ask_code, self.shared = notify, ask_code, shared
        self.clock: Clock = clock or SystemClock()
        self._profile, self._endpoint_url = profile, endpoint_url
        self._interruption = interruption
        self._opened = ExitStack()

    @cached_property
    def actor(self) -> Actor:
        """Who acts; the user of the operating system where nobody was named."""
        import getpass

        return Actor(getpass.getuser())

    def acting(self, actor: Actor) -> Self:
        """The same context with another actor."""
        other = copy(self)
        other.__dict__["actor"] = actor
        return other

    def by(self, name: str) -> Self:
        """The same context with the actor that a person names, who has every right; nobody vouches for the name."""
        return self.acting(Actor(name)) if name else self

    @cached_property
    def interruption(self) -> Interruption:
        """Whether the process is to end, and the repair that is under way."""
        from goldseam.service.interruption import Interruption

        return self._interruption or Interruption()

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
        from goldseam.clouds.registry import renamed_controls
        from goldseam.store.upgrade import FORMAT, bring_up

        done = bring_up(home, self.catalog.control_by_id, renamed_controls())
        if done is None:
            return
        self.notify(f"goldseam: `{home.path}` was upgraded from format {done.before} to {FORMAT}")
        if done.old_plans:
            plans = f"{done.old_plans} plan{'' if done.old_plans == 1 else 's'}"
            self.notify(f"  {plans} of an older format cannot be applied; plan again")
        for item in done.unmapped:
            told = f"nothing on {item.ref.address} is changed while it stands"
            self.notify(f"  exemption {item.name} is for `{item.control}`, which does not exist (any more): {told}")

    @cached_property
    def catalog(self) -> Catalog:
        """Every kind, control and fact."""
        from goldseam.clouds.registry import whole_catalog

        return whole_catalog()

    @cached_property
    def masking(self) -> Masking:
        """What masks sensitive values in all that this context shows."""
        from goldseam.service.masking import Masking

        return Masking(self.catalog)

    @cached_property
    def policies(self) -> PolicySet:
        """The policy in force, empty when there is none; raises InvalidDocument.

        One that was put in force before policies had an order is read as `policy migrate` rewrites it, which is never
        less careful: an upgrade stops neither a scan nor a rollback.
        """
        from goldseam.decide.policy import load_policies, migrate_policies, no_policies
        from goldseam.model.errors import InvalidDocument

        entry = self.policy_entry
        if entry is None:
            return no_policies()
        path = self.home_path / POLICY_FILE
        where = str(path) if _text_of(path) == entry.body["text"] else f"policy of ledger entry {entry.seq}"
        try:
            return load_policies(entry.body["text"], where, self.catalog)
        except InvalidDocument as error:
            try:
                written = migrate_policies(entry.body["text"], where, self.catalog)
            except InvalidDocument:
                raise error from None
        self.notify(
            "goldseam: the policy in force is of version 1 and is read as `goldseam policy migrate` rewrites it, never "
            "less careful; write that to a file with `-o`, look at it, and put it in force by `goldseam policy use`"
        )
        return load_policies(written, where, self.catalog)

    @cached_property
    def policy_entry(self) -> Entry | None:
        """The ledger's entry that put the policy in force: the newest one, and none when that does not verify (law 10).

        The file in the home is for people to read. One that differs is not in force, and that is said.
        """
        newest = _last(self.home.ledger.entries(kind="policy"))
        entry = _last(self.home.ledger.verified(kind="policy"))
        if newest is not None and (entry is None or entry.seq != newest.seq):
            self.notify(
                f"goldseam: the policy in ledger entry {newest.seq} cannot be verified, so no policy is in force and "
                "nothing is changed; put one in force by `goldseam policy use FILE`"
            )
            return None
        path = self.home_path / POLICY_FILE
        text = _text_of(path)
        if text is not None and (entry is None or entry.body["text"] != text):
            self.notify(f"goldseam: `{path}` is not the policy in force; `goldseam policy use {path}` puts it in force")
        return entry

    def standing(self, policies: PolicySet | None = None) -> Standing:
        """The user's rules and what happened before, as they are now."""
        from goldseam.repair.recall import recall
        from goldseam.service.pipeline import Standing

        chosen = self.policies if policies is None else policies
        memory = recall(self.home.ledger, self.clock.now(), self.home.ledger.restraints())
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

    @cached_property
    def account(self) -> CloudAccount:
        """The account, with its threads and connections until the context is closed."""
        return self._opened.enter_context(self.open())

    def open(
        self,
        regions: tuple[str, ...] = (),
        max_rate: float | None = None,
        progress: Progress | None = None,
        bounds: Bounds | None = None,
    ) -> CloudAccount:
        """The account within bounds; whoever opens it closes it."""
        from goldseam.clouds.bounds import DEFAULT
        from goldseam.clouds.protocol import Access
        from goldseam.clouds.registry import default_cloud

        where = (self._profile, self._endpoint_url, regions)
        return default_cloud().open(Access(*where, max_rate, progress, bounds or DEFAULT), self.catalog)

    def doors(self, account: CloudAccount) -> Doors:
        """Everything outside that executing a plan goes through."""
        from goldseam.decide import settings_of
        from goldseam.repair.apply import Doors

        home = self.home
        return Doors(
            self.catalog,
            account.reader,
            self.interruption.stoppable(account.writers),
            home.ledger,
            home.locks,
            self.clock,
            self.exemptions,
            settings_of(self.policies),
        )

    def close(self) -> None:
        """Stop the threads and close the connections of the account."""
        self._opened.close()


def _text_of(path: Path) -> str | None:
    """The text of a file, None where there is no file; what is no text is none that could be in force."""
    return path.read_text("utf-8", errors="replace") if path.exists() else None


def _last(entries: Iterable[Entry]) -> Entry | None:
    return next(iter(deque(entries, maxlen=1)), None)
