"""Every command with its options, help and example; what it does is in the module named beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from goldseam.cli import interruption
from goldseam.cli.databases import database_app
from goldseam.service.context import ServiceContext

app = typer.Typer(
    name="goldseam",
    help="Keep public-cloud accounts at a secure configuration: scan, decide, repair, prove, and take back.\n\n"
    "Start with `goldseam demo` (an embedded cloud) or `goldseam scan` (your own account; reads only).\n\n"
    "Exit codes: 0 fine, 1 findings or refused, 2 usage, 3 unknown (also an incomplete scan).",
    rich_markup_mode=None,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
policy_app = typer.Typer(help="Write, check, try and use the rules on what may be repaired.", no_args_is_help=True)
ledger_app = typer.Typer(help="Read, verify and export the record of everything done.", no_args_is_help=True)
app.add_typer(policy_app, name="policy")
app.add_typer(ledger_app, name="ledger")
app.add_typer(database_app, name="database")

Json = Annotated[bool, typer.Option("--json", help="Print JSON of a documented, versioned schema.")]
Services = Annotated[
    str, typer.Option("--services", metavar="LIST", help="Only these services, with commas: s3,ec2,iam.")
]
Controls = Annotated[
    list[str] | None, typer.Option("--control", "-c", metavar="ID", help="Only this control; `*` matches; repeatable.")
]
Regions = Annotated[str, typer.Option("--regions", metavar="LIST", help="Only these regions, with commas.")]
MaxRate = Annotated[
    float | None,
    typer.Option("--max-rate", metavar="N", help="At most N calls a second to one service in one region."),
]
ReadTimeout = Annotated[
    float,
    typer.Option("--read-timeout", metavar="S", min=1, help="Seconds that one call may take, with its retries."),
]
RegionTimeout = Annotated[
    float,
    typer.Option("--region-timeout", metavar="S", min=1, help="Seconds that reading one region may take."),
]
Person = Annotated[
    str, typer.Option("--by", envvar="GOLDSEAM_USER", metavar="NAME", help="Who does this, for the record.")
]
KeySourceName = Annotated[
    str, typer.Option("--key", metavar="SOURCE", help="Where the key comes from: keyholder, rotating-code or operator.")
]
Role = Annotated[
    str, typer.Option("--role", envvar="GOLDSEAM_ROLE", metavar="ARN", help="The remediator role to assume.")
]
Unscoped = Annotated[
    bool, typer.Option("--unscoped", help="Operator only: use your own profile as it is when it cannot be narrowed.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before changing anything.")]


def _version(wanted: bool) -> None:  # noqa: FBT001 - the parser passes it so
    if wanted:
        from importlib.metadata import version

        typer.echo(f"goldseam {version('goldseam')}")
        raise typer.Exit


def _note(notice: str) -> None:
    from goldseam.cli import output

    output.note(notice)


def _ask_code(question: str) -> str:
    from goldseam.cli import output

    return output.ask_code(question)


@app.callback()
def everywhere(
    ctx: typer.Context,
    home: Annotated[
        Path | None, typer.Option("--home", envvar="GOLDSEAM_HOME", help="The folder that holds everything.")
    ] = None,
    database: Annotated[
        str,
        typer.Option(
            "--database",
            envvar="GOLDSEAM_DATABASE",
            metavar="URL",
            help="PostgreSQL in place of SQLite in that folder.",
        ),
    ] = "",
    profile: Annotated[str, typer.Option("--profile", help="The AWS profile to read with.")] = "",
    endpoint_url: Annotated[str, typer.Option("--endpoint-url", help="Another address for every AWS call.")] = "",
    debug: Annotated[bool, typer.Option("--debug", help="Show the whole traceback of an error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Options that every command takes; they may also stand after the command."""
    del debug, version
    ctx.obj = ServiceContext(
        home,
        profile,
        endpoint_url,
        notify=_note,
        ask_code=_ask_code,
        interruption=interruption.THIS_PROCESS,
        database=database,
        shared=bool(database),
    )
    ctx.call_on_close(ctx.obj.close)


@app.command()
def demo(
    ctx: typer.Context,
    serve: Annotated[
        bool, typer.Option("--serve", help="Start the embedded cloud of an earlier demo again, to explore it.")
    ] = False,
) -> int:
    """The whole loop on an embedded cloud: no account, no credentials, nothing outside this machine.

    Example: goldseam demo
    """
    from goldseam.cli import tour

    return tour.explore(ctx.obj.home_given) if serve else tour.run(ctx.obj.home_given)


@app.command()
def scan(
    ctx: typer.Context,
    services: Services = "",
    controls: Controls = None,
    regions: Regions = "",
    max_rate: MaxRate = None,
    read_timeout: ReadTimeout = 30,
    region_timeout: RegionTimeout = 3600,
    as_json: Json = False,
) -> int:
    """Read the account, hold it against the controls and say what is wrong. Changes nothing.

    What cannot be read in time is unknown; the summary names it, and the exit code is 3.

    Example: goldseam scan --services s3,iam --regions eu-west-1
    """
    from goldseam.cli import scanning
    from goldseam.service.scans import ScanRequest
    from goldseam.service.selection import words

    wanted = ScanRequest(services, controls or [], words(regions), max_rate, read_timeout, region_timeout)
    return scanning.scan(ctx.obj, wanted, as_json=as_json)


@app.command()
def findings(
    ctx: typer.Context,
    status: Annotated[
        str,
        typer.Option("--status", metavar="LIST", help="fail, unknown, exempt, pass, not_applicable; or `all`."),
    ] = "fail,unknown,exempt",
    controls: Controls = None,
    services: Services = "",
    severity: Annotated[str, typer.Option("--severity", help="At least this severity.")] = "low",
    accounts: Annotated[str, typer.Option("--accounts", metavar="LIST", help="Only these accounts, with commas.")] = "",
    regions: Regions = "",
    kinds: Annotated[
        str, typer.Option("--kinds", metavar="LIST", help="Only resources of these kinds, with commas.")
    ] = "",
    tags: Annotated[
        list[str] | None,
        typer.Option("--tag", metavar="KEY[=VALUE]", help="Only resources that carry this tag; repeatable."),
    ] = None,
    decisions: Annotated[
        str, typer.Option("--decisions", metavar="LIST", help="Only those decided so: auto, ask, assist, leave.")
    ] = "",
    older: Annotated[
        str, typer.Option("--older-than", metavar="AGE", help="In their status for at least: 30m, 12h, 7d, 2w.")
    ] = "",
    newer: Annotated[
        str, typer.Option("--newer-than", metavar="AGE", help="In their status for at most: 30m, 12h, 7d, 2w.")
    ] = "",
    as_json: Json = False,
) -> int:
    """List what the last scan found, the worst first.

    Example: goldseam findings --severity high --services s3 --tag team=web --newer-than 1d
    """
    from goldseam.cli import scanning
    from goldseam.service.findings import FindingRequest
    from goldseam.service.selection import words

    wanted = FindingRequest(
        words(status), controls or [], services, severity, words(accounts), words(regions),
        words(kinds), tags or [], words(decisions), older, newer,
    )  # fmt: skip
    return scanning.findings(ctx.obj, wanted, as_json=as_json)


@app.command()
def explain(ctx: typer.Context, finding: str, as_json: Json = False) -> int:
    """Say why a finding is decided as it is: every clause, fact, limit and exemption that led to it.

    Example: goldseam explain f-1c0ffee12345
    """
    from goldseam.cli import scanning

    return scanning.explain(ctx.obj, finding, as_json=as_json)


@app.command()
def plan(
    ctx: typer.Context,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[FINDING|PLAN]...", help="What to plan or show.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every open finding that has a fix.")] = False,
    controls: Controls = None,
    form: Annotated[
        str, typer.Option("--format", help="diff for people, json for machines, cli for AWS CLI commands.")
    ] = "diff",
    as_json: Json = False,
) -> int:
    """Make the plans that repair findings, or show a plan again. Changes nothing.

    Example: goldseam plan f-1c0ffee12345 --format cli
    """
    from goldseam.cli import planning
    from goldseam.service.plans import PlanRequest

    wanted = PlanRequest(names or [], everything, controls or [])
    return planning.plan(ctx.obj, wanted, "json" if as_json else form)


@app.command()
def approve(
    ctx: typer.Context,
    plan_id: Annotated[str, typer.Argument(metavar="PLAN")],
    reject: Annotated[bool, typer.Option("--reject", help="Say no, for the record.")] = False,
    comment: Annotated[str, typer.Option("--comment", "-m", help="Why.")] = "",
    groups: Annotated[str, typer.Option("--groups", help="The groups that you approve for, with commas.")] = "",
    signing_key: Annotated[
        Path | None, typer.Option("--signing-key", help="Your approver's key, for a keyholder that checks approvals.")
    ] = None,
    by: Person = "",
    as_json: Json = False,
) -> int:
    """Approve a plan by its id, or reject it.

    Example: goldseam approve p-1c0ffee123456789 -m 'agreed with the web team'
    """
    from goldseam.cli import planning
    from goldseam.service.approvals import Consent
    from goldseam.service.selection import words

    consent = Consent(comment, words(groups), signing_key)
    return planning.approve(ctx.obj.by(by), plan_id, consent, reject=reject, as_json=as_json)


@app.command()
def apply(
    ctx: typer.Context,
    plan_ids: Annotated[list[str] | None, typer.Argument(metavar="[PLAN]...")] = None,
    auto: Annotated[bool, typer.Option("--auto", help="Every repair that the policies make automatically.")] = False,
    key: KeySourceName = "operator",
    role: Role = "",
    code: Annotated[bool, typer.Option("--code", help="Ask for the keyholder's one-time code.")] = False,
    unscoped: Unscoped = False,
    yes: Yes = False,
    by: Person = "",
    as_json: Json = False,
) -> int:
    """Carry plans out: obtain a key for each, make its calls, prove the result and record everything.

    Example: goldseam apply p-1c0ffee123456789 --key keyholder
    """
    from goldseam.cli import repairing
    from goldseam.service.keys import Source

    source = Source(key, role, code, unscoped)
    return repairing.apply(ctx.obj.by(by), plan_ids or [], source, auto=auto, yes=yes, as_json=as_json)


@app.command()
def rollback(
    ctx: typer.Context,
    plan_id: Annotated[str, typer.Argument(metavar="PLAN")],
    key: KeySourceName = "operator",
    role: Role = "",
    code: Annotated[bool, typer.Option("--code", help="Ask for the keyholder's one-time code.")] = False,
    unscoped: Unscoped = False,
    prepare: Annotated[bool, typer.Option("--prepare", help="Only make the plan and print it, for approval.")] = False,
    emergency: Annotated[
        bool,
        typer.Option("--emergency", help="Needs no approval, within 24 hours; another person reviews it afterwards."),
    ] = False,
    comment: Annotated[str, typer.Option("--comment", "-m", help="Why; an emergency needs it.")] = "",
    signing_key: Annotated[
        Path | None, typer.Option("--signing-key", help="Your approver's key, for a keyholder in an emergency.")
    ] = None,
    yes: Yes = False,
    by: Person = "",
    as_json: Json = False,
) -> int:
    """Take a repair back, by a plan of its own that is approved like a repair; refused when the object changed since.

    Example: goldseam rollback p-1c0ffee123456789 --prepare
    """
    from goldseam.cli import taking_back
    from goldseam.service.keys import Source
    from goldseam.service.rollbacks import EmergencyRequest

    urgent = EmergencyRequest(comment, signing_key) if emergency else None
    wanted = taking_back.RollbackOptions(plan_id, prepare, yes, urgent)
    return taking_back.rollback(ctx.obj.by(by), wanted, Source(key, role, code, unscoped), as_json=as_json)


@app.command()
def review(
    ctx: typer.Context,
    plan_id: Annotated[str, typer.Argument(metavar="[PLAN]", help="Leave empty to list what waits.")] = "",
    comment: Annotated[str, typer.Option("--comment", "-m", help="What you found.")] = "",
    by: Person = "",
    as_json: Json = False,
) -> int:
    """Review an emergency rollback made by another person, or list those not reviewed yet.

    Example: goldseam review p-1c0ffee123456789 -m 'checkout was down; policy to be narrowed'
    """
    from goldseam.cli import taking_back

    return taking_back.review(ctx.obj.by(by), plan_id, comment, as_json=as_json)


@app.command()
def resume(
    ctx: typer.Context,
    key: KeySourceName = "operator",
    role: Role = "",
    code: Annotated[bool, typer.Option("--code", help="Ask for the keyholder's one-time code.")] = False,
    unscoped: Unscoped = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait until the key of an interrupted repair has expired, then go on.")
    ] = False,
    by: Person = "",
    as_json: Json = False,
) -> int:
    """Finish or undo whatever a crash left, and close repairs that were pending.

    Example: goldseam resume
    """
    from goldseam.cli import repairing
    from goldseam.service.keys import Source

    source = Source(key, role, code, unscoped)
    return repairing.resume(ctx.obj.by(by), source, wait=wait, as_json=as_json)


@app.command()
def exempt(
    ctx: typer.Context,
    finding: Annotated[
        str,
        typer.Argument(metavar="[FINDING]", help="Empty: list the exemptions; or a listed NAME to withdraw."),
    ] = "",
    owner: Annotated[str, typer.Option("--owner", help="Who answers for it.")] = "",
    reason: Annotated[str, typer.Option("--reason", help="Why it is to be left.")] = "",
    expires: Annotated[str, typer.Option("--expires", metavar="DATE", help="YYYY-MM-DD, or days as `90d`.")] = "",
    withdraw: Annotated[bool, typer.Option("--withdraw", help="End the exemption.")] = False,
    by: Person = "",
    as_json: Json = False,
) -> int:
    """Leave a finding as it is: for a while, for a reason, and for the state that it has today.

    Example: goldseam exempt f-1c0ffee12345 --owner web-team --reason 'public by design' --expires 90d
    """
    from goldseam.cli import planning
    from goldseam.service.exemptions import ExemptionRequest

    wanted = ExemptionRequest(finding, owner, reason, expires)
    return planning.exempt(ctx.obj.by(by), wanted, withdraw=withdraw, as_json=as_json)


@app.command()
def connect(
    ctx: typer.Context,
    role: Annotated[str, typer.Option("--role", metavar="ARN", help="The remediator role of an account.")] = "",
    uuid: Annotated[str, typer.Option("--uuid", help="The role asks for this UUID and a rotating code.")] = "",
    keyholder_url: Annotated[str, typer.Option("--keyholder", metavar="URL", help="The keyholder's address.")] = "",
    keyholder_name: Annotated[
        str, typer.Option("--keyholder-name", metavar="NAME", help="Its public name, as `keyholder show` prints it.")
    ] = "",
    authority: Annotated[
        Path | None, typer.Option("--authority", help="The certificate to trust, where it is not a public one.")
    ] = None,
    as_json: Json = False,
) -> int:
    """Write down where keys come from, or show it. No key is kept.

    Example: goldseam connect --role arn:aws:iam::123456789012:role/goldseam-remediator
    """
    from goldseam.cli import connection
    from goldseam.service.connections import ConnectionRequest

    wanted = ConnectionRequest(role, uuid, keyholder_url, keyholder_name, str(authority or ""))
    return connection.connect(ctx.obj, wanted, as_json=as_json)


@policy_app.command("init")
def policy_init(ctx: typer.Context, file: Annotated[Path, typer.Argument()] = Path("policy.yaml")) -> int:
    """Write a first policy that asks before everything.

    Example: goldseam policy init policy.yaml
    """
    from goldseam.cli import policies

    return policies.init(ctx.obj, file)


@policy_app.command("check")
def policy_check(ctx: typer.Context, file: Path, as_json: Json = False) -> int:
    """Load a policy strictly, say what is wrong with it, and warn of what decides or matches nothing.

    Example: goldseam policy check policy.yaml
    """
    from goldseam.cli import policies

    return policies.check(ctx.obj, file, as_json=as_json)


@policy_app.command("use")
def policy_use(ctx: typer.Context, file: Path, by: Person = "", as_json: Json = False) -> int:
    """Put a policy in force; the ledger keeps its text, and what is stored is decided anew at once.

    Example: goldseam policy use policy.yaml
    """
    from goldseam.cli import policies

    return policies.use(ctx.obj, file, by, as_json=as_json)


@policy_app.command("show")
def policy_show(ctx: typer.Context, as_json: Json = False) -> int:
    """Print the policy in force.

    Example: goldseam policy show
    """
    from goldseam.cli import policies

    return policies.show(ctx.obj, as_json=as_json)


@policy_app.command("simulate")
def policy_simulate(
    ctx: typer.Context,
    file: Path,
    everything: Annotated[bool, typer.Option("--all", help="List the findings that stay as they are too.")] = False,
    as_json: Json = False,
) -> int:
    """Say which current findings a policy would decide otherwise than today's does, and a summary.

    Example: goldseam policy simulate draft.yaml
    """
    from goldseam.cli import policies

    return policies.simulate(ctx.obj, file, everything=everything, as_json=as_json)


@policy_app.command("migrate")
def policy_migrate(
    ctx: typer.Context,
    file: Annotated[Path | None, typer.Argument(help="A file of version 1; without it, the policy in force.")] = None,
    out: Annotated[Path | None, typer.Option("-o", "--output", help="The file to write, in place of printing.")] = None,
) -> int:
    """Rewrite a policy of version 1, where the most careful decided, into version 2, where the first that applies does.

    Example: goldseam policy migrate policy.yaml -o policy-2.yaml
    """
    from goldseam.cli import policies

    return policies.migrate(ctx.obj, file, out)


@app.command()
def permissions(
    ctx: typer.Context,
    what: Annotated[str, typer.Argument(metavar="scanner|remediator|plan")],
    plan_id: Annotated[str, typer.Argument(metavar="[PLAN]")] = "",
    services: Services = "",
    controls: Controls = None,
) -> int:
    """Print the exact IAM policy that scanning, repairing or one plan needs.

    Example: goldseam permissions plan p-1c0ffee123456789
    """
    from goldseam.cli import catalogue

    return catalogue.permissions(ctx.obj, what, plan_id, services, controls or [])


@app.command("controls")
def list_controls(
    ctx: typer.Context,
    control: Annotated[str, typer.Argument(metavar="[CONTROL]", help="Show one control in full.")] = "",
    services: Services = "",
    as_json: Json = False,
) -> int:
    """List the controls, or show one with its settings, examples and disruption.

    Example: goldseam controls aws.s3.bucket.policy-not-public
    """
    from goldseam.cli import catalogue

    return catalogue.controls(ctx.obj, control, services, as_json=as_json)


@ledger_app.command("show")
def ledger_show(
    ctx: typer.Context,
    plan_id: Annotated[str, typer.Option("--plan", help="Only what is about this plan.")] = "",
    kind: Annotated[str, typer.Option("--kind", help="Only entries of this kind.")] = "",
    last: Annotated[int, typer.Option("--last", help="How many, counted from the end; 0 for all.")] = 40,
    as_json: Json = False,
) -> int:
    """Print the ledger's entries.

    Example: goldseam ledger show --plan p-1c0ffee123456789
    """
    from goldseam.cli import records

    return records.show(ctx.obj, plan_id, kind, last, as_json=as_json)


@ledger_app.command("verify")
def ledger_verify(
    ctx: typer.Context,
    file: Annotated[Path | None, typer.Option("--file", help="An exported ledger or evidence pack.")] = None,
    public_key: Annotated[Path | None, typer.Option("--public-key", help="The checkpoints' public key.")] = None,
    as_json: Json = False,
) -> int:
    """Verify the chain and its signed checkpoints; needs only the ledger and the public key.

    Ends with 0 when it is whole, 1 when it is whole since a reseal, and 3 when it is broken.

    Example: goldseam ledger verify --file ledger.jsonl --public-key ledger.pub
    """
    from goldseam.cli import records

    return records.verify(ctx.obj, file, public_key, as_json=as_json)


@ledger_app.command("export")
def ledger_export(
    ctx: typer.Context,
    plan_id: Annotated[str, typer.Argument(metavar="[PLAN]", help="One repair's evidence; empty: all.")] = "",
    to: Annotated[Path | None, typer.Option("--to", "-o", help="The file to write; standard output without.")] = None,
) -> int:
    """Write the whole ledger as JSON lines, or the evidence pack of one repair.

    Example: goldseam ledger export p-1c0ffee123456789 -o evidence.json
    """
    from goldseam.cli import records

    return records.export(ctx.obj, plan_id, to)


@ledger_app.command("reseal")
def ledger_reseal(
    ctx: typer.Context,
    because: Annotated[str, typer.Option("--message", "-m", help="Why the broken ledger is accepted as it is.")],
    by: Person = "",
    as_json: Json = False,
) -> int:
    """Accept a broken ledger: record what is broken and start a signed segment, so that repairs may go on.

    Approvals from before count no more: a rejection may be among what is missing.

    Example: goldseam ledger reseal -m 'restored from the copy of Monday, entries 120 to 131 are lost'
    """
    from goldseam.cli import records

    return records.reseal(ctx.obj.by(by), because, as_json=as_json)


@ledger_app.command("checkpoint")
def ledger_checkpoint(ctx: typer.Context, as_json: Json = False) -> int:
    """Sign the ledger up to its last entry; keep the checkpoint elsewhere to notice a ledger that was cut off.

    Example: goldseam ledger checkpoint
    """
    from goldseam.cli import records

    return records.sign(ctx.obj, as_json=as_json)


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []},
)
def keyholder(ctx: typer.Context) -> int:
    """Set up and run the keyholder: the customer's own process that gives keys. See `goldseam keyholder --help`.

    Example: goldseam keyholder init
    """
    from goldseam.cli import processes

    return processes.keyholder(ctx.args)


@app.command()
def key(
    ctx: typer.Context,
    plan_id: Annotated[str, typer.Argument(metavar="PLAN")],
    config: Annotated[
        Path | None, typer.Option("--config", envvar="GOLDSEAM_KEYHOLDER_CONFIG", help="The keyholder's config file.")
    ] = None,
    as_json: Json = False,
) -> int:
    """On the keyholder's side: print a one-time code for one plan, for `goldseam apply --code`.

    Example: goldseam key p-1c0ffee123456789
    """
    from goldseam.cli import processes

    return processes.one_time_code(ctx.obj, plan_id, config, as_json=as_json)


@app.command()
def conform(
    ctx: typer.Context,
    controls: Controls = None,
    module: Annotated[
        list[str] | None, typer.Option("--module", help="A module of your own controls to prove; repeatable.")
    ] = None,
    write: Annotated[Path | None, typer.Option("--write", metavar="FILE", help="Write the page of proofs.")] = None,
    check: Annotated[Path | None, typer.Option("--check", metavar="FILE", help="Compare the page of proofs.")] = None,
    as_json: Json = False,
) -> int:
    """Prove the laws for every control on emulators, and print a table: control by law.

    Example: goldseam conform --control 'aws.s3.*'
    """
    from goldseam.cli import processes

    return processes.conform(ctx.obj, controls or [], module or [], write, check, as_json=as_json)
