"""`database`: what a database holds, a home from one database into another, and the tables brought up to date."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from goldseam.cli import output

if TYPE_CHECKING:
    from goldseam.service.databases import DatabaseStatus

database_app = typer.Typer(help="Look at the database, copy it into another one, and migrate it.", no_args_is_help=True)
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON of a documented, versioned schema.")]
_BROKEN = 3
"""The exit code for a ledger that does not verify."""


@database_app.command("status")
def database_status(ctx: typer.Context, as_json: AsJson = False) -> int:  # noqa: FBT002 - the parser reads it so
    """Print which database is used, what it holds, and whether its ledger verifies. Ends with 3 where it does not.

    Example: goldseam database status
    """
    from goldseam.service import databases

    return _report(databases.status(ctx.obj), as_json=as_json)


@database_app.command("copy")
def database_copy(
    ctx: typer.Context,
    to: Annotated[
        str, typer.Option("--to", metavar="TARGET", help="postgresql://user@host/name, or a folder for a new home.")
    ],
    as_json: AsJson = False,  # noqa: FBT002 - as above
) -> int:
    """Copy everything into an empty database and verify the ledger there; whole, or not at all.

    The key that signs the ledger goes along to another folder. It stays in the home folder for PostgreSQL.

    Example: goldseam database copy --to postgresql://goldseam@db.example.com/goldseam
    """
    from goldseam.service import databases

    return _report(databases.copy(ctx.obj, to), as_json=as_json)


@database_app.command("migrate")
def database_migrate(ctx: typer.Context, as_json: AsJson = False) -> int:  # noqa: FBT002 - as above
    """Bring the tables up to date, or make them in an empty PostgreSQL database. SQLite does so by itself.

    Example: goldseam --database postgresql://goldseam@db.example.com/goldseam database migrate
    """
    from goldseam.service import databases

    done = databases.migrate(ctx.obj)
    if as_json:
        output.print_json("goldseam.database-migration/1", database=done.database, before=done.before, now=done.now)
    elif done.before == done.now:
        output.say(f"{done.database} is up to date (schema {done.now}).")
    else:
        output.say(f"{done.database} was brought from schema {done.before} to {done.now}.")
    return 0


@database_app.command("prune")
def database_prune(
    ctx: typer.Context,
    days: Annotated[int, typer.Option("--days", metavar="N", min=1, help="Keep what was in force in the last N days.")],
    as_json: AsJson = False,  # noqa: FBT002 - as above
) -> int:
    """Forget configurations that were replaced more than N days ago. The ledger, findings and plans stay whole.

    Example: goldseam database prune --days 365
    """
    from goldseam.service import databases

    count = databases.prune(ctx.obj, days)
    if as_json:
        output.print_json("goldseam.database-prune/1", forgotten=count)
    else:
        output.say(f"{output.count(count, 'old configuration')} forgotten; the ledger is as it was.")
    return 0


def _report(held: DatabaseStatus, *, as_json: bool) -> int:
    if as_json:
        output.print_json("goldseam.database/1", **held.to_json())
    else:
        output.say(f"{held.database}, schema {held.schema}")
        output.table(("TABLE", "ROWS"), ((name, str(count)) for name, count in held.rows.items()))
        for item in held.breaks:
            output.say(f"the ledger is broken: {item.problem}", "red")
        if held.last and not held.breaks:
            output.say(f"the ledger verifies up to entry {held.last.seq} ({held.last.hash[:16]}).")
    return _BROKEN if held.breaks else 0
