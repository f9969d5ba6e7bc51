"""No word of a cloud stands outside that cloud's folder: in a name, or in a text that is more than documentation."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from goldseam.cli.policies import _FIRST

SOURCE = Path(__file__).parents[1] / "src" / "goldseam"
ROOMS = (
    "cli",
    "model",
    "control",
    "assess",
    "decide",
    "repair",
    "audit",
    "service",
    "store",
    "keyholder",
    "proving",
    "ports.py",
)
"""Where no cloud is named; the tour shows the embedded cloud of AWS, and names it."""

WORDS = frozenset(
    (
        "amazon", "amazonaws", "ami", "arn", "arns", "aws", "boto", "boto3", "botocore", "cloudformation", "cloudfront",
        "cloudtrail", "cloudwatch", "dynamodb", "ebs", "ec2", "ecr", "ecs", "eks", "elb", "elbv2", "eventbridge",
        "guardduty", "iam", "kms", "ministack", "moto", "rds", "redshift", "route53", "s3", "s3api", "sagemaker",
        "securityhub", "sns", "sqs", "ssm", "sts", "vpc", "wafv2",
    )
)  # fmt: skip
"""Words that only AWS has; those of its services that are English words as well (`config`, `backup`) are left out."""


def words_of(text: str) -> set[str]:
    """The words of a name or a text: `AwsKind` and `as_arn` have two each."""
    apart = re.sub(r"([a-z0-9])([A-Z])|([A-Z])([A-Z][a-z])", r"\1\3 \2\4", text)
    return {word.lower() for part in (text, apart) for word in re.findall(r"[A-Za-z0-9]+", part)}


def said(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every name and every text in a module, with its line; but for documentation, which may give examples."""
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            yield node.lineno, node.value
        for name in ("id", "name", "attr", "arg", "module", "asname"):
            held = getattr(node, name, None)
            if isinstance(held, str):
                yield getattr(node, "lineno", 0), held


def found(source: str) -> list[tuple[int, str]]:
    return [(line, text) for line, text in said(ast.parse(source)) if words_of(text) & WORDS]


def files() -> list[Path]:
    rooms = [SOURCE / room for room in ROOMS]
    paths = (path for room in rooms for path in ([room] if room.suffix else sorted(room.rglob("*.py"))))
    return [path for path in paths if path != SOURCE / "cli" / "tour.py"]


KEPT = {
    "cli/app.py": {  # what a person types and reads in the help: examples, and what an option of this cloud takes
        "ARN",
        "Another address for every AWS call.",
        "Only these services, with commas: s3,ec2,iam.",
        "The AWS profile to read with.",
        "diff for people, json for machines, cli for AWS CLI commands.",
    },
    "cli/policies.py": {_FIRST},  # the first policy, whose examples are of this cloud
    "service/keys.py": {
        "arn",  # the member of `connection.json`, which homes have had from the beginning and `connect --json` prints
        "no role with a rotating code is known; run `goldseam connect --role ARN --uuid UUID`",  # as the help has it
    },
}
"""Texts that stay as they are, with the reason."""


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_no_word_of_a_cloud_stands_here(path: Path) -> None:
    """What is a cloud's own goes behind `clouds/protocol.py`, or the language, and into the cloud's folder."""
    kept = KEPT.get(path.relative_to(SOURCE).as_posix(), set())
    assert {text for _, text in found(path.read_text(encoding="utf-8"))} == kept


def test_every_room_has_files() -> None:
    """The mutation: a room that was renamed is looked for where it was."""
    assert {path.relative_to(SOURCE).parts[0] for path in files()} == set(ROOMS)


@pytest.mark.parametrize(
    "planted",
    [
        "from goldseam.clouds.aws.kind import at",
        "import botocore.session",
        "def role_arn(text): ...",
        "class AwsKind: ...",
        "def check(arn): ...",
        "check(as_arn=True)",
        "kind.find.iam_policy",
        "RULE = {'resources': 'x:s3:::*'}",
        "raise UsageError(f'`{text}` is not an AWS account id')",
        "MANAGED = 'tag `aws:cloudformation:stack-name`'",
        "from x import y as sts",
        "HTTPAwsDoor = 1",
        "match event:\n    case {'source': ec2}: ...",
    ],
)
def test_a_planted_word_is_found(planted: str) -> None:
    """The mutations: names only; texts only; no look at words inside of names."""
    assert found(planted)


@pytest.mark.parametrize(
    "innocent",
    [
        'def file():\n    """An ARN, such as `arn:aws:s3:::x`, is an address."""',
        "if os.path.exists(path) and lists: ...",
        "warn('the first one counts'); learn = paws",
        "key = lambda item: item.name",
    ],
)
def test_what_is_no_word_of_a_cloud_is_let_alone(innocent: str) -> None:
    assert not found(innocent)
