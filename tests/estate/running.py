"""Goldseam at its command line, with an empty home and everything allowed that its operator's role can do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from goldseam import cli
from tests.estate.account import Account, Caller, allow, document, user


@dataclass(frozen=True)
class Goldseam:
    """A home, and an operator's credentials with a role that may do everything."""

    home: Path
    operator: Caller
    role: str

    def run(self, *words: str) -> Any:
        """Run a command that answers JSON, to its end."""
        done = subprocess.run(
            [sys.executable, "-m", "goldseam", *words, "--json"],
            capture_output=True, text=True, check=False, env=self._environment(), stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert done.returncode in (0, 1, 3), done.stderr
        return json.loads(done.stdout)

    def uses(self, policy: str) -> None:
        """Put a policy in force."""
        file = self.home.parent / "policy.yaml"
        file.write_text(policy, encoding="utf-8")
        subprocess.run(
            [sys.executable, "-m", "goldseam", "policy", "use", str(file)], check=True, env=self._environment(),
            stdout=subprocess.DEVNULL,
        )  # fmt: skip

    def scan(self) -> None:
        """Read the region of the estate."""
        self.run("scan", "--regions", self.operator.region, "--read-timeout", "600")

    def findings(self) -> list[dict[str, Any]]:
        """What the last scan found, passed or not."""
        found: list[dict[str, Any]] = self.run("findings", "--status", "all")["findings"]
        return found

    def forced(self, names: Sequence[str]) -> None:
        """Plan, approve and carry out the repair of findings."""
        plans = [plan["id"] for plan in self.run("plan", *names)["plans"]]
        with redirect_stdout(StringIO()):
            for plan in plans:
                assert cli.run(["--home", str(self.home), "approve", plan, "--by", "dana"]) == 0
        self.run("apply", *plans, "--yes")

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "GOLDSEAM_"))}
        return kept | {
            "AWS_ACCESS_KEY_ID": self.operator.key_id,
            "AWS_SECRET_ACCESS_KEY": self.operator.secret,
            "AWS_ENDPOINT_URL": self.operator.endpoint,
            "AWS_REGION": self.operator.region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "GOLDSEAM_HOME": str(self.home),
            "GOLDSEAM_USER": "dana",
            "GOLDSEAM_ROLE": self.role,
            "HOME": str(self.home.parent),
        }


def goldseam(account: Account, home: Path) -> Goldseam:
    """Goldseam for an account, with an operator of its own in it."""
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    home.parent.mkdir()
    name, iam = account.name(), account.own("iam")
    operator = user(account.own, name, everything)
    arn = f"arn:aws:iam::{account.account_id}:user/{name}"
    trust = allow({"AWS": arn}, "sts:AssumeRole", None)
    del trust["Resource"]
    role = iam.create_role(RoleName=account.name(), AssumeRolePolicyDocument=document(trust))["Role"]
    iam.put_role_policy(RoleName=role["RoleName"], PolicyName="work", PolicyDocument=document(everything))
    return Goldseam(home, operator, role["Arn"])
