"""Makes cases of identity-based policies with a fixed seed and asks iam-simulate (see bench/README.md) about them.

`python bench/iam_simulate/cases.py OUT.jsonl.gz`, after `npm install` in this folder.
"""

from __future__ import annotations

import gzip
import json
import random
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

T = TypeVar("T")

SEED: Final = 20261127
CASES: Final = 2000
ACCOUNT: Final = "123456789012"
HERE: Final = Path(__file__).parent

REQUESTS: Final = (
    ("iam:CreateAccessKey", f"arn:aws:iam::{ACCOUNT}:user/bob"),
    ("iam:AttachRolePolicy", f"arn:aws:iam::{ACCOUNT}:role/team/app"),
    ("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/app"),
    ("s3:GetObject", "arn:aws:s3:::photos/2026/a.jpg"),
    ("s3:PutBucketPolicy", "arn:aws:s3:::photos"),
    ("ec2:RunInstances", f"arn:aws:ec2:eu-west-1:{ACCOUNT}:instance/i-1"),
    ("ec2:DescribeInstances", "*"),
    ("lambda:InvokeFunction", f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:f:live"),
    ("dynamodb:PutItem", f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/orders"),
    ("sqs:SendMessage", f"arn:aws:sqs:us-east-1:{ACCOUNT}:queue"),
    ("logs:PutLogEvents", f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:g:log-stream:s"),
)
KEYS: Final[dict[str, tuple[str, ...]]] = {
    "aws:username": ("bob", "alice"),
    "aws:PrincipalTag/team": ("web", "Web", "data"),
    "aws:ResourceTag/owner": ("bob", "alice"),
    "aws:SourceIp": ("203.0.113.9", "198.51.100.7"),
    "aws:MultiFactorAuthPresent": ("true", "false"),
    "aws:MultiFactorAuthAge": ("60", "7200"),
    "aws:CurrentTime": ("2026-01-01T00:00:00Z", "2026-12-31T00:00:00Z"),
    "aws:PrincipalArn": (f"arn:aws:iam::{ACCOUNT}:user/bob", f"arn:aws:iam::{ACCOUNT}:role/team/app"),
}
OPERATORS: Final[dict[str, tuple[str, ...]]] = {
    "aws:SourceIp": ("IpAddress", "NotIpAddress"),
    "aws:MultiFactorAuthPresent": ("Bool",),
    "aws:MultiFactorAuthAge": ("NumericLessThan", "NumericGreaterThanEquals", "NumericEquals", "NumericNotEquals"),
    "aws:CurrentTime": ("DateLessThan", "DateGreaterThan"),
    "aws:PrincipalArn": ("ArnLike", "ArnNotLike", "ArnEquals", "StringLike"),
}
TEXT: Final = ("StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIgnoreCase")


class Maker:
    """One case after the other, near enough to what it asks that both answers are common."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def case(self) -> dict[str, Any]:
        """A request, its context, and policies about it."""
        action, resource = self._one(REQUESTS)
        policies = [self._policy(action, resource, self._number(3)) for _ in range(self._number(2))]
        boundary = self._policy(action, resource, 1, allow=0.8) if self._chance(0.2) else None
        context = {key: self._one(values) for key, values in KEYS.items() if self._chance(0.7)}
        return {
            "policies": policies, "boundary": boundary, "action": action, "resource": resource, "context": context,
            "account": ACCOUNT,
        }  # fmt: skip

    def _policy(self, action: str, resource: str, statements: int, allow: float = 0.75) -> dict[str, Any]:
        held = [self._statement(action, resource, allow) for _ in range(statements)]
        return {"Version": "2012-10-17" if self._chance(0.9) else "2008-10-17", "Statement": held}

    def _statement(self, action: str, resource: str, allow: float) -> dict[str, Any]:
        made: dict[str, Any] = {"Effect": "Allow" if self._chance(allow) else "Deny"}
        made["NotAction" if self._chance(0.15) else "Action"] = self._some(lambda: self._action(action))
        made["NotResource" if self._chance(0.15) else "Resource"] = self._some(lambda: self._resource(resource))
        if self._chance(0.35):
            made["Condition"] = self._condition()
        return made

    def _action(self, action: str) -> str:
        if self._chance(0.15):
            return self._one(("*", "*:*", f"{action.split(':', maxsplit=1)[0]}:*"))
        if self._chance(0.25):
            action = self._one(REQUESTS)[0]
        text = self._blurred(action, action.index(":") + 1) if self._chance(0.6) else action
        return text.swapcase() if self._chance(0.1) else text

    def _resource(self, resource: str) -> str:
        if self._chance(0.3):
            return "*"
        if resource == "*" or self._chance(0.2):
            resource = self._one([each for _, each in REQUESTS if each != "*"])
        segments = resource.split(":", 5)
        for at in (3, 4):
            if segments[at] and self._chance(0.4):
                segments[at] = "*"
        if self._chance(0.6):
            segments[5] = self._one(
                ("*", "${aws:username}", self._blurred(segments[5], 0), self._blurred(segments[5], 0))
            )
        if self._chance(0.05):
            segments[5] = segments[5].replace("bob", "${aws:username}")
        return ":".join(segments)

    def _blurred(self, text: str, first: int) -> str:
        """The text with a part of it, after the first characters, as `*` or `?`."""
        begin = self._random.randint(first, len(text))
        end = self._random.randint(begin, min(len(text), begin + 6))
        return text[:begin] + self._one(("*", "?" * (end - begin), "?", "*")) + text[end:]

    def _condition(self) -> dict[str, Any]:
        block: dict[str, Any] = {}
        for _ in range(self._number(2)):
            key = self._one(list(KEYS))
            if self._chance(0.1):
                block.setdefault("Null", {})[key] = self._one(("true", "false"))
                continue
            operator = self._one(OPERATORS.get(key, TEXT)) + ("IfExists" if self._chance(0.2) else "")
            block.setdefault(operator, {})[key] = self._some(lambda key=key: self._value(key))  # type: ignore[misc]
        return block

    def _value(self, key: str) -> str:
        value = self._one(KEYS[key])
        if key == "aws:SourceIp":
            return self._one((f"{value}/32", f"{value}/16", value))
        if key in OPERATORS and key != "aws:PrincipalArn":
            return value
        if key == "aws:ResourceTag/owner" and self._chance(0.3):
            return "${aws:username}"
        return self._blurred(value, value.rfind(":") + 1) if self._chance(0.3) else value

    def _some(self, make: Callable[[], str]) -> str | list[str]:
        return make() if self._chance(0.6) else [make() for _ in range(self._number(3))]

    def _number(self, most: int) -> int:
        return self._random.randint(1, most)

    def _chance(self, part: float) -> bool:
        return self._random.random() < part

    def _one(self, choices: Sequence[T]) -> T:
        return choices[self._random.randrange(len(choices))]


def main() -> None:
    """Write the cases with their answers."""
    maker = Maker(SEED)
    lines = [json.dumps(maker.case(), separators=(",", ":")) for _ in range(CASES)]
    node = ["node", "simulate.mjs"]
    told = subprocess.run(node, cwd=HERE, input="\n".join(lines), capture_output=True, text=True, check=True)
    answers = told.stdout.splitlines()
    text = "".join(f'{line[:-1]},"answer":{answer}}}\n' for line, answer in zip(lines, answers, strict=True))
    Path(sys.argv[1]).write_bytes(gzip.compress(text.encode(), mtime=0))
    print({answer: answers.count(answer) for answer in sorted(set(answers))})


if __name__ == "__main__":
    main()
