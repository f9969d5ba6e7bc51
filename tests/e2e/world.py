"""People at their command lines, each with a home, in one account of the IAM-enforcing emulator."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from goldseam.audit.record import exported
from goldseam.clouds.aws.cloud import aws_catalog
from goldseam.clouds.registry import clouds
from goldseam.demo.aws import Clients
from goldseam.demo.emulator import EmbeddedCloud
from goldseam.demo.lumen_people import DemoIdentity, People
from goldseam.demo.lumen_storage import Storage
from goldseam.keyholder.setup import set_up, trust
from goldseam.service.findings import listed
from goldseam.service.keys import requester
from goldseam.store import Home
from tests.e2e.secrecy import found_in, traces
from tests.e2e.wire import Wire

PUBLIC: Final = "aws.s3.bucket.policy-not-public"
BLOCKED: Final = "aws.s3.bucket.public-access-blocked"

ASK: Final = """\
version: 1
policies:
  - name: ask-about-buckets
    controls: ["aws.s3.bucket.*"]
    mode: ask
    approvals: {needed: 1}
"""
AUTO: Final = """\
version: 1
policies:
  - name: close-test-data
    controls: ["aws.s3.bucket.policy-not-public", "aws.s3.bucket.public-access-blocked"]
    when: ["!context.serves_website", "context.environment == 'staging'"]
    mode: auto
"""
ALLOW: Final = """\
allow:
  - accounts: ["*"]
    kinds: ["aws.s3.bucket"]
    controls: ["aws.s3.bucket.*"]
    actions: ["s3:PutBucketPolicy", "s3:PutBucketPublicAccessBlock", "s3:DeleteBucketPolicy"]
    resources: ["{resource}"]
"""

# Runs a command on a terminal of its own, so that it can ask without an echo.
_ON_A_TERMINAL: Final = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"
# Lets no file grow beyond so many bytes, like a disk that is full.
_ON_A_FULL_DISK: Final = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
os.execv(sys.argv[2], sys.argv[2:])
"""
# Runs goldseam by a clock of its own: who waits is there at once. What the SDK signs keeps the right time.
_BY_A_QUICK_CLOCK: Final = """
from datetime import timedelta
from goldseam.model.clock import SystemClock
right, waited = SystemClock.now, [0.0]
SystemClock.now = lambda self: right(self) + timedelta(seconds=waited[0])
SystemClock.sleep = lambda self, seconds: waited.append(waited.pop() + seconds)
from goldseam.cli import main
main()
"""
GOLDSEAM: Final = (sys.executable, "-m", "goldseam")


@dataclass(frozen=True)
class Done:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def told(self) -> list[str]:
        """The lines that say what is wrong, each with the program's name."""
        return [line for line in self.err.splitlines() if line.startswith("goldseam: ")]


@dataclass
class Person:
    """Somebody at a command line, with a home folder and credentials of their own."""

    world: World
    name: str
    home: Path
    variables: dict[str, str]

    def environment(self, **more: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "GOLDSEAM_"))}
        own = {"GOLDSEAM_HOME": str(self.home), "GOLDSEAM_USER": self.name, "HOME": str(self.home.parent)}
        return {**kept, **own, "AWS_EC2_METADATA_DISABLED": "true", **self.variables, **more}

    def run(self, *words: str, shows_code: bool = False, **more: str) -> Done:
        """Run one command to its end; what it says is searched for keys, unless it is to show a code."""
        return self._ran([*GOLDSEAM, *words], None, shows_code=shows_code, **more)

    def full_disk(self, limit: int, *words: str) -> Done:
        """The same where no file can grow beyond so many bytes."""
        return self._ran([sys.executable, "-c", _ON_A_FULL_DISK, str(limit), *GOLDSEAM, *words], None)

    def waits(self, *words: str) -> Done:
        """The same by a clock that passes at once while the command waits."""
        return self._ran([sys.executable, "-c", _BY_A_QUICK_CLOCK, *words], None)

    def _ran(self, command: list[str], given: str | None, *, shows_code: bool = False, **more: str) -> Done:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env=self.environment(**more), input=given,
            stdin=subprocess.DEVNULL if given is None else None,
        )  # fmt: skip
        if not shows_code:
            self.world.said += [done.stdout, done.stderr]
        return Done(done.returncode, done.stdout, done.stderr)

    def start(self, *words: str, waits: bool = False) -> subprocess.Popen[str]:
        """Start a command and go on; `finished` ends it. With `waits` time passes at once while the command waits."""
        pipes: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        command = [sys.executable, "-c", _BY_A_QUICK_CLOCK] if waits else GOLDSEAM
        return subprocess.Popen([*command, *words], text=True, env=self.environment(), **pipes)

    def finished(self, process: subprocess.Popen[str]) -> Done:
        """What a command that was started answered, when it ended."""
        out, err = process.communicate()
        self.world.said += [out, err]
        return Done(process.returncode, out, err)

    def type(
        self, answer: str, *words: str, prompt: str = "code for plan", meanwhile: Callable[[], object] = bool
    ) -> Done:
        """Run a command on a terminal, and type an answer when it asks; what is done `meanwhile` is done before."""
        command = [sys.executable, "-c", _ON_A_TERMINAL, *GOLDSEAM, *words]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=self.environment()
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            seen = b""
            while prompt.encode() not in seen:
                piece = os.read(process.stdout.fileno(), 4096)
                assert piece, seen.decode()
                seen += piece
            meanwhile()
            process.stdin.write(answer.encode() + b"\n")
            process.stdin.flush()
            seen += process.stdout.read()
        self.world.said.append(seen.decode())
        return Done(process.returncode, seen.decode(), "")

    def uses(self, policy: str) -> None:
        """Put a policy in force."""
        file = self.home.parent / f"{self.name}-policy.yaml"
        file.write_text(policy, encoding="utf-8")
        assert self.run("policy", "use", str(file)).code == 0

    def scanned(self, *controls: str) -> Any:
        """Scan for some controls, and the findings by control and bucket."""
        chosen = [word for control in controls or (PUBLIC, BLOCKED) for word in ("--control", control)]
        assert self.run("scan", *chosen, "--read-timeout", "600").code in (0, 1)
        return self.findings()

    def findings(self) -> dict[tuple[str, str], Any]:
        """The findings by control and bucket, as `findings --json` says them."""
        catalog = aws_catalog()
        with Home(self.home) as home:
            found = [listed(kept, catalog).to_json() for kept in home.scans.findings()]
        return {(item["control"], item["resource"].rpartition(":")[2]): item for item in found}

    def planned(self, *findings: Any) -> Any:
        """The plan for some findings on one resource."""
        done = self.run("plan", *(item["id"] for item in findings), "--json")
        assert done.code == 0, done
        (plan,) = done.json["plans"]
        return plan

    def approves_rollback(self, plan_id: str) -> str:
        """Make the plan that takes one back, and approve it; its id."""
        (back,) = self.run("rollback", plan_id, "--prepare", "--json").json["plans"]
        approved = self.run("approve", back["id"], "-m", "agreed")
        assert (approved.code, f"next: `goldseam rollback {plan_id}`" in approved.out) == (0, True)
        return str(back["id"])

    def ledger(self, kind: str | None = None, plan: str | None = None) -> list[Any]:
        """The ledger's entries, as it is exported."""
        with Home(self.home) as home:
            return [json.loads(exported(entry)) for entry in home.ledger.entries(kind=kind, plan=plan)]

    def twin(self, name: str) -> Person:
        """Somebody with a copy of the home as it is now."""
        other = Person(self.world, name, self.home.parent / name, self.variables)
        shutil.copytree(self.home, other.home)
        return other


@dataclass
class World:
    """The account, the wire to it, and all that was said and may be secret."""

    folder: Path
    cloud: EmbeddedCloud
    root: Clients
    people: People
    storage: Storage
    wire: Wire
    said: list[str] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)

    def person(self, name: str = "dana", identity: DemoIdentity | None = None, role: str | None = None) -> Person:
        """Somebody with an empty home; the operator with the operator's role, unless something else is said."""
        who = identity or self.people.operator
        own = who.environment(self.wire.url, self.cloud.region)
        return Person(
            self,
            name,
            self.folder / name,
            {**own, "GOLDSEAM_ROLE": self.people.operator_role if role is None else role},
        )

    def bucket_policy(self, bucket: str) -> Any:
        """A bucket's policy as its owner sees it."""
        return json.loads(self.root("s3").get_bucket_policy(Bucket=bucket)["Policy"])

    def put_bucket_policy(self, bucket: str, document: Any) -> None:
        """Somebody else's change."""
        self.root("s3").put_bucket_policy(Bucket=bucket, Policy=json.dumps(document))

    def public_bucket(self, name: str, environment: str = "staging") -> str:
        """One more bucket that everybody may read."""
        s3 = self.root("s3")
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": self.cloud.region})
        s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": [{"Key": "environment", "Value": environment}]})
        s3.delete_public_access_block(Bucket=name)
        allow = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{name}/*"}
        self.put_bucket_policy(name, {"Version": "2012-10-17", "Statement": [allow]})
        return name

    def secrets(self) -> list[str]:
        """Every secret key, session (its id too), token and code; ids of people's own keys are no secrets."""
        own = [who.secret for who in (self.people.scanner, self.people.keyholder, self.people.operator)]
        return [*own, *self.wire.secrets, *self.codes]

    def leaks(self) -> list[str]:
        """Where a key or code was left: files, tables, outputs (law 9)."""
        secrets = self.secrets()
        said = [f"said: {text}" for text in self.said if found_in(text, secrets)]
        return traces(self.folder, secrets) + said

    @contextmanager
    def keyholder(self, person: Person, *, automated: bool = True, resource: str = "arn:aws:s3:::*") -> Iterator[Path]:
        """A keyholder process with credentials of its own, which trusts a person's home; its configuration file."""
        person.home.mkdir(exist_ok=True)
        roles = {self.cloud.account_id: self.people.remediator_role}
        reads = {self.cloud.account_id: self.people.scanner_role}
        config = set_up(self.folder / "keyholder", roles, clouds(), "127.0.0.1:0", read_roles=reads).path
        text = config.read_text("utf-8").replace("allow: []", ALLOW.format(resource=resource))
        config.write_text(text.replace("automated: false", f"automated: {str(automated).lower()}"), encoding="utf-8")
        trust(config, "requester", person.name, requester(person.home).verifier, clouds())
        own = self.people.keyholder.environment(self.wire.url, self.cloud.region)
        process = subprocess.Popen(
            [*GOLDSEAM, "keyholder", "--config", str(config), "run"],
            env=person.environment(**own), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith("listening on "), line
            _, _, url, _, name = line.split()
            assert person.run("connect", "--keyholder", url, "--keyholder-name", name).code == 0
            yield config
        finally:
            process.terminate()
            self.said += process.communicate()
