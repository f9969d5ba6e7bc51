"""`demo`: the whole loop on an embedded cloud, with the very commands that a user would type."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from goldseam.cli import output
from goldseam.cli.interruption import expected
from goldseam.model.errors import GoldseamError, UsageError
from goldseam.service.interruption import Interrupted

if TYPE_CHECKING:
    from goldseam.demo.account import DemoAccount
    from goldseam.demo.emulator import EmbeddedCloud

FOLDER: Final = "goldseam-demo"
_PLACE: Final = "demo.json"
_FOUND: Final = (0, 1, 3)
_SERVICES: Final = "account,cloudtrail,ec2,iam,kms,rds,s3,sns,sqs"
"""What the embedded cloud has, and the demo's account uses."""

_POLICY: Final = """\
# What the demo repairs by itself, and what it asks a person about.
version: 2
policies:
  - name: close-test-data
    controls: ["aws.s3.bucket.public-access-blocked", "aws.s3.bucket.policy-not-public"]
    when:
      - "!context.serves_website"
      - "context.environment in ['dev', 'test', 'staging']"
    mode: auto
    limits: {per_hour: 20, per_account: 20}

  - name: people-decide-on-passwords-keys-and-networks
    controls: ["aws.account.password-*", "aws.ec2.*", "aws.kms.*", "aws.sqs.*", "aws.sns.*", "aws.cloudtrail.*"]
    mode: ask
    approvals: {needed: 1}
"""

_ALLOW: Final = """\
allow:
  - accounts: ["*"]
    kinds: ["*"]
    controls: ["*"]
    actions: ["s3:Put*", "s3:DeleteBucketPolicy", "iam:*AccountPasswordPolicy", "ec2:*SecurityGroupIngress"]
    resources: ["*"]
"""


@dataclass(frozen=True)
class Tour:
    """One run of the demo: the home folder and the account that it works on."""

    home: Path
    cloud: EmbeddedCloud
    account: DemoAccount
    started: float = field(default_factory=time.monotonic)

    def environment(self) -> dict[str, str]:
        """The variables of a user who reads the demo's account, and of no other account."""
        aws = self.account.people.scanner.environment(self.cloud.endpoint, self.cloud.region)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return {**kept, **aws, "GOLDSEAM_HOME": str(self.home), **_width()}

    def title(self, text: str) -> None:
        """A heading, with the seconds since the start."""
        output.say()
        output.say(f"── {text} ".ljust(96, "─") + f" {time.monotonic() - self.started:4.0f} s", "bold yellow")

    def run(self, *words: str) -> None:
        """Run one command as a user would, and show it; raises GoldseamError when it fails."""
        output.say(f"$ goldseam {' '.join(map(_shown, words))}", "bold")
        sys.stdout.flush()
        code = subprocess.run(_command(words), env=self.environment(), check=False).returncode  # noqa: S603
        if code not in _FOUND:
            raise GoldseamError(f"the demo stopped: `goldseam {' '.join(words)}` ended with {code}; see {self.home}")

    def answer(self, *words: str) -> dict[str, list[dict[str, str]]]:
        """The JSON that a command prints."""
        done = subprocess.run(  # noqa: S603
            _command([*words, "--json"]), env=self.environment(), check=False, capture_output=True, text=True
        )
        if done.returncode not in _FOUND:
            raise GoldseamError(f"the demo stopped: {done.stderr.strip()}; see {self.home}")
        document: dict[str, list[dict[str, str]]] = json.loads(done.stdout)
        return document

    def finding(self, control: str, resource: str) -> str:
        """The id of a finding."""
        found = self.answer("findings", "--control", control, "--status", "all")["findings"]
        return next(item["id"] for item in found if item["resource"].endswith(resource))


def _shown(word: str) -> str:
    """A word as a user would type it: paths from where they stand, spaces in quotes."""
    path = os.path.relpath(word) if Path(word).is_absolute() else word
    return f"'{path}'" if " " in path or "*" in path else path


def _command(words: Sequence[str]) -> list[str]:
    return [sys.executable, "-m", "goldseam", *words]


def _width() -> dict[str, str]:
    return {"FORCE_COLOR": "1"} if sys.stdout.isatty() and "NO_COLOR" not in os.environ else {}


def run(home: Path | None) -> int:
    """The tour, from an empty folder to a verified ledger."""
    folder = _fresh(home)
    with ExitStack() as stack:
        tour = stack.enter_context(_account(folder))
        stack.enter_context(_keyholder(tour))
        _look(tour)
        repaired = _repair(tour)
        _take_back(tour, repaired)
        _prove(tour)
    _farewell(folder)
    return 0


def _fresh(home: Path | None) -> Path:
    """A folder that holds nothing yet; raises UsageError when the one that was named is not empty."""
    if home is not None:
        if home.exists() and any(home.iterdir()):
            raise UsageError(f"`{home}` is not empty; name another folder, or `goldseam demo --serve --home {home}`")
        return _private(home.absolute())
    names = (FOLDER, *(f"{FOLDER}-{number}" for number in range(2, 1000)))
    return _private(next(path for name in names if not (path := Path(name).absolute()).exists()))


def _private(folder: Path) -> Path:
    """The folder, made where it is not there, and closed to everybody but its owner."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    return folder


@contextmanager
def _account(folder: Path) -> Iterator[Tour]:
    from goldseam.demo.account import seed_account
    from goldseam.demo.emulator import embedded_cloud

    output.say("Goldseam on an embedded cloud: an AWS emulator on loopback that enforces IAM.", "bold")
    output.say("No account, no credentials, nothing outside this machine.", "dim")
    started = time.monotonic()
    with embedded_cloud(state_dir=folder / "cloud") as cloud:
        tour = Tour(folder, cloud, seed_account(cloud, opened=False), started)
        port = int(cloud.endpoint.rpartition(":")[2])
        (folder / _PLACE).write_text(json.dumps({"port": port}) + "\n", encoding="utf-8")
        yield tour


@contextmanager
def _keyholder(tour: Tour) -> Iterator[None]:
    """The keyholder, a process of its own with credentials of its own; it trusts this home's requests."""
    from goldseam.service.keys import requester

    tour.title("1  A policy, and a keyholder that gives keys for single plans")
    config = tour.home / "keyholder" / "keyholder.yaml"
    config.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    role = f"{tour.cloud.account_id}=arn:aws:iam::{tour.cloud.account_id}:role/goldseam"
    setting_up = ("keyholder", "--config", str(config))
    roles = ("--account", f"{role}-remediator", "--read", f"{role}-scanner")
    tour.run(*setting_up, "init", *roles, "--listen", "127.0.0.1:0")
    text = config.read_text("utf-8").replace("allow: []", _ALLOW).replace("automated: false", "automated: true")
    config.write_text(text, encoding="utf-8")
    tour.run(*setting_up, "trust", "requester", "demo", requester(tour.home).verifier.text)
    with _listening(tour, config) as (url, name):
        tour.run("connect", "--keyholder", url, "--keyholder-name", name)
        policy = tour.home / "demo-policy.yaml"
        policy.write_text(_POLICY, encoding="utf-8")
        tour.run("policy", "use", str(policy), "--by", "dana")
        yield


@contextmanager
def _listening(tour: Tour, config: Path) -> Iterator[tuple[str, str]]:
    """The running keyholder's address and public name, as it says them."""
    who = tour.account.people.keyholder.environment(tour.cloud.endpoint, tour.cloud.region)
    command = _command(("keyholder", "--config", str(config), "run"))
    process = subprocess.Popen(  # noqa: S603
        command, env={**tour.environment(), **who}, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline().split()
        if len(line) < len(("listening", "on", "URL", "as", "NAME")):
            raise GoldseamError("the keyholder did not start; run `goldseam keyholder run` by hand to see why")
        yield line[2], line[4]
    finally:
        process.terminate()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _look(tour: Tour) -> None:
    tour.title("2  Scan: read everything, change nothing")
    tour.run("scan", "--services", _SERVICES)
    tour.title("3  Two public buckets, two decisions: one was opened just now, one serves a website")
    _open_a_bucket(tour)
    tour.run("scan", "--services", "s3")
    for bucket in (tour.account.storage.data_bucket, tour.account.storage.website_bucket):
        tour.run("explain", tour.finding("aws.s3.bucket.policy-not-public", bucket))


def _open_a_bucket(tour: Tour) -> None:
    """Somebody makes the mistake that the demo repairs."""
    from goldseam.demo.account import open_to_partner

    open_to_partner(tour.cloud)
    output.say(f"A user makes {tour.account.storage.data_bucket} public, to share it with a partner.", "bold red")


def _repair(tour: Tour) -> str:
    """Repair automatically, and with a person's leave; the id of the plan that is taken back later."""
    tour.title("4  The plan: what would be changed, how it is taken back, what it needs")
    bucket = tour.account.storage.data_bucket
    tour.run("plan", tour.finding("aws.s3.bucket.policy-not-public", bucket))
    tour.title("5  Repair what the policy makes automatic, each under a key for one plan")
    _visit(tour)
    tour.run("apply", "--auto", "--key", "keyholder")
    _visit(tour)
    tour.title("6  Repair with a person's leave: nine findings, one write")
    tour.run("plan", "--control", "aws.account.password-*")
    (plan,) = (item["id"] for item in tour.answer("plan", "--control", "aws.account.password-*")["plans"])
    tour.run("approve", plan, "--by", "dana", "-m", "agreed")
    tour.run("apply", plan, "--yes", "--key", "keyholder")
    return plan


def _visit(tour: Tour) -> None:
    """What anybody on the internet gets from the two buckets."""
    from goldseam.demo.account import anonymous_get

    for what, url in (("data bucket", tour.account.data_url), ("website", tour.account.website_url)):
        status = anonymous_get(url)
        output.say(f"anonymous GET of the {what:<12} {status}", "green" if status < 400 else "bold red")  # noqa: PLR2004


def _take_back(tour: Tour, plan: str) -> None:
    tour.title("7  Take one repair back")
    tour.run("rollback", plan, "--prepare")
    (back,) = (item["id"] for item in tour.answer("rollback", plan, "--prepare")["plans"])
    tour.run("approve", back, "--by", "dana", "-m", "the sign-in form rejects old passwords")
    tour.run("rollback", plan, "--yes", "--key", "keyholder", "--by", "dana")


def _prove(tour: Tour) -> None:
    tour.title("8  The record: every step, hash-chained and signed")
    tour.run("ledger", "show", "--last", "12")
    tour.run("ledger", "verify")
    seconds = time.monotonic() - tour.started
    output.say()
    output.say(f"The whole loop took {seconds:.0f} seconds.", "bold yellow")


def _farewell(folder: Path) -> None:
    shown = Path(os.path.relpath(folder))
    output.say()
    output.say("Go on exploring:", "bold")
    output.say(f"  goldseam --home {shown} findings")
    output.say(f"  goldseam --home {shown} ledger show")
    output.say(f"  goldseam --home {shown} demo --serve    # starts the embedded cloud again, to scan and repair more")


def explore(home: Path | None) -> int:
    """Start the embedded cloud of an earlier demo again and say how to reach it, until interrupted."""
    from goldseam.demo.emulator import embedded_cloud
    from goldseam.demo.lumen_people import renewed

    folder = (home or Path(FOLDER)).absolute()
    place = folder / _PLACE
    if not place.exists():
        raise UsageError(f"`{folder}` is not the home of a demo; run `goldseam demo` first, or name it with --home")
    port = int(json.loads(place.read_text("utf-8"))["port"])
    with embedded_cloud(port, folder / "cloud") as cloud:
        operator = renewed(cloud, "operator").environment(cloud.endpoint, cloud.region)
        output.say("The embedded cloud is running. In another terminal:", "bold")
        output.say()
        for name, value in {**operator, "GOLDSEAM_HOME": str(folder)}.items():
            output.say(f"export {name}={value}")
        output.say(f"goldseam connect --role arn:aws:iam::{cloud.account_id}:role/goldseam-operator")
        output.say("goldseam scan")
        output.say()
        output.say("Ctrl-C stops it; what it holds is kept.")
        try:
            while True:
                time.sleep(3600)
        except (KeyboardInterrupt, Interrupted):
            expected()
            output.say()
            output.say("stopped; start it again with the same command")
    return 0
