"""Privilege escalation: sets of actions that, on every resource of their types, lead to more permissions. Pure.

The table is `escalation_paths.csv`, each path with its source. `service` is to whom a role is passed: a condition on
`iam:PassedToService` is judged for it (IAM User Guide, "Grant a user permissions to pass a role to an AWS service"). A
path that is `named` needs something that is not in every account (a cluster, a code interpreter, IAM Identity Center);
it counts where a statement names the actions, and not where one allows everything but some others.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from goldseam.clouds.aws.policy_evaluator import Access
from goldseam.clouds.aws.services.iam.holder import Holder
from goldseam.clouds.aws.tables import table


@dataclass(frozen=True)
class Path:
    """Actions that lead to more permissions together, the services that a role may be passed to, and why they do."""

    id: str
    actions: tuple[str, ...]
    services: tuple[str, ...]
    named: bool
    why: str
    source: str

    def __str__(self) -> str:
        """The actions."""
        return " + ".join(self.actions)

    def access(self, holder: Holder) -> Access:
        """Whether the holder can take it: as far as the least of its actions is allowed."""
        policies = holder.policies.named if self.named else holder.policies
        if not all(map(policies.mentions, self.actions)):
            return Access.DENIED
        passed = [{"iam:passedtoservice": (service,)} for service in self.services] or [{}]
        return max(min(holder.access(action, (), policies, known) for action in self.actions) for known in passed)


@cache
def paths() -> tuple[Path, ...]:
    """All known paths."""
    return tuple(
        Path(
            row["id"], tuple(row["actions"].split()), tuple(row["service"].split()), bool(row["named"]), row["why"],
            row["source"],
        )
        for row in table("escalation_paths.csv", __package__)
    )  # fmt: skip


def escalations(holder: Holder) -> dict[Path, Access]:
    """The paths that the holder can take, without those that another needs fewer of the same actions for."""
    found = {path: access for path in paths() if (access := path.access(holder))}
    return {path: access for path, access in found.items() if not any(_shorter(other, path) for other in found)}


def _shorter(other: Path, path: Path) -> bool:
    return set(other.actions) < set(path.actions)
