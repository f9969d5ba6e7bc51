"""Commands about another process than this one: the keyholder's, the proofs on emulators."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from goldseam.cli import output
from goldseam.service.context import ServiceContext


def keyholder(arguments: list[str]) -> int:
    """Run a command of the keyholder."""
    from goldseam.keyholder import run

    return run(arguments)


def one_time_code(context: ServiceContext, plan_id: str, config: Path | None, *, as_json: bool) -> int:
    """On the keyholder's side: print a one-time code for a plan."""
    from goldseam.clouds.registry import clouds
    from goldseam.keyholder.commands import new_code
    from goldseam.keyholder.config import load_config

    path = config or context.home_path / "keyholder" / "keyholder.yaml"
    loaded = load_config(path, clouds())
    made = new_code(loaded, plan_id)
    if as_json:
        output.print_json("goldseam.code/1", plan=plan_id, code=made.code, about=list(made.about))
        return 0
    for line in made.about:
        output.say(line)
    output.say(made.code, "bold")
    output.note(f"for plan {plan_id}, once, within {loaded.code_life}")
    return 0


def conform(
    context: ServiceContext,
    patterns: Sequence[str],
    modules: Sequence[str],
    write: Path | None,
    check: Path | None,
    *,
    as_json: bool,
) -> int:
    """Prove the laws and print the table; write the page of proofs, or compare it."""
    from goldseam.proving import report

    return report.run(context.catalog, patterns, modules, as_json=as_json, write=write, check=check)
