from __future__ import annotations

import json
import re
import shlex
import subprocess
from dataclasses import replace
from typing import Any

import orjson
import pytest
from botocore import xform_name
from botocore.model import OperationModel
from botocore.session import Session
from botocore.validate import ParamValidator

from goldseam.assess.evaluate import verdict_on
from goldseam.clouds.aws.cloud import aws_catalog
from goldseam.clouds.aws.commands import command_words
from goldseam.clouds.commands import command_line, command_lines, with_variables
from goldseam.control import Call, Catalog, Control, Mask, Secrets
from goldseam.control.facet import admits
from goldseam.model.resource import Resource
from goldseam.model.values import Json
from goldseam.repair.plan import Plan
from goldseam.repair.propose import propose
from tests.aws.laws import ref_of

SDK = Session()
SERVICES = {"s3api": "s3", "configservice": "config", "deploy": "codedeploy"}


def call(operation: str, region: str = "eu-west-3", **parameters: Json) -> Call:
    return Call(operation, region, parameters, ())


def parsed(line: str) -> Call:
    """What the AWS command line makes of a command, by botocore's description of the operation."""
    program, cli_service, command, *options = shlex.split(line)
    assert program == "aws"
    service = SERVICES.get(cli_service, cli_service)
    model = SDK.get_service_model(service)
    names = {xform_name(name, "-"): name for name in model.operation_names}
    operation = model.operation_model(names[command])
    region, parameters = _options(options, operation)
    if operation.input_shape is not None:
        report = ParamValidator().validate(parameters, operation.input_shape)
        assert not report.has_errors(), report.generate_report()
    return call(f"{service}.{operation.name}", region, **{name: _word(value) for name, value in parameters.items()})


def _word(value: Json) -> Json:
    """The value, or the place of a word that only a reading can tell."""
    return orjson.loads(value) if str(value).startswith('{"told by"') else value


def _options(words: list[str], operation: OperationModel) -> tuple[str, dict[str, Json]]:
    members = operation.input_shape.members if operation.input_shape else {}
    by_option = {xform_name(name, "-"): name for name in members}
    region, parameters, rest = "global", {}, iter(words)
    for word in rest:
        option, joined, value = word.replace("--ingress", "--no-egress").removeprefix("--").partition("=")
        assert word.startswith("--")
        if option == "region":
            region = next(rest)
            continue
        flag = by_option.get(option.removeprefix("no-")) if option not in by_option else None
        if flag:
            parameters[flag] = False
            continue
        member = members[by_option[option]]
        if member.type_name == "boolean":
            parameters[by_option[option]] = True
        else:
            parameters[by_option[option]] = _value(value if joined else next(rest), member)
    return region, parameters


def _value(text: str, shape: Any) -> Json:
    if shape.type_name in {"structure", "list", "map"}:
        return orjson.loads(text)
    if shape.type_name in {"float", "double"}:
        return orjson.loads(text)
    return int(text) if shape.type_name in {"integer", "long"} else text


def test_a_policy_goes_through_the_shell_whole() -> None:
    text = '{"Statement":[{"Sid":"it\'s","Resource":"arn:aws:s3:::$HOME/`*`"}]}'
    one = call("s3.PutBucketPolicy", Bucket="b", Policy=text)
    line = command_line(command_words, one)
    assert line.startswith('aws s3api put-bucket-policy --bucket b --policy \'{"Statement"')
    assert line.endswith(" --region eu-west-3")
    assert parsed(line) == one


@pytest.mark.parametrize(
    ("one", "line"),
    [
        (
            call("s3.DeletePublicAccessBlock", Bucket="b"),
            "aws s3api delete-public-access-block --bucket b --region eu-west-3",
        ),
        (call("ec2.EnableEbsEncryptionByDefault"), "aws ec2 enable-ebs-encryption-by-default --region eu-west-3"),
        (
            call("rds.ModifyDBInstance", DBInstanceIdentifier="d", PubliclyAccessible=False, ApplyImmediately=True),
            (
                "aws rds modify-db-instance --db-instance-identifier d --no-publicly-accessible --apply-immediately "
                "--region eu-west-3"
            ),
        ),
        (
            call("iam.UpdateAccountPasswordPolicy", "global", MinimumPasswordLength=14, RequireSymbols=True),
            "aws iam update-account-password-policy --minimum-password-length 14 --require-symbols",
        ),
        (
            call("sqs.SetQueueAttributes", QueueUrl="https://q", Attributes={"Policy": ""}),
            """aws sqs set-queue-attributes --queue-url https://q --attributes '{"Policy":""}' --region eu-west-3""",
        ),
        (
            call("sns.SetTopicAttributes", TopicArn="t", AttributeName="DisplayName", AttributeValue="-x y"),
            (
                "aws sns set-topic-attributes --topic-arn t --attribute-name DisplayName '--attribute-value=-x y' "
                "--region eu-west-3"
            ),
        ),
        (
            call("config.DeleteConfigRule", ConfigRuleName="r"),
            "aws configservice delete-config-rule --config-rule-name r --region eu-west-3",
        ),
    ],
)
def test_commands_are_what_a_person_would_type(one: Call, line: str) -> None:
    assert command_line(command_words, one) == line
    assert parsed(line) == one


def test_lists_are_json() -> None:
    rules = [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}]
    one = call("ec2.AuthorizeSecurityGroupIngress", GroupId="sg-1", IpPermissions=rules)
    assert parsed(command_line(command_words, one)) == one


def plans(catalog: Catalog) -> list[tuple[Control, Plan]]:
    """A plan for each example of each control that has a fix."""
    found = []
    for control in catalog.controls:
        if not control.fixable:
            continue
        for example in control.violating:
            facets = {name: control.kind.facet(name).normal(value) for name, value in example.facets.items()}
            resource = Resource(example_ref(control), facets)
            settings = control.chosen(example.settings)
            if hasattr(verdict_on(control, resource, settings), "changes"):
                found.append((control, propose(resource, [control], [control], lambda *_, s=settings: s)))
    return found


def example_ref(control: Control) -> Any:
    return ref_of(control.kind, region="eu-west-3")


@pytest.mark.parametrize(("control", "plan"), plans(aws_catalog()), ids=lambda item: getattr(item, "id", ""))
def test_every_fix_has_commands_that_the_aws_cli_takes(control: Control, plan: Plan) -> None:
    calls = (*plan.calls, *plan.undo)
    assert calls
    for one, line in zip(calls, command_lines(command_words, calls), strict=True):
        again = parsed(line)
        assert again.operation == one.operation
        assert admits(one.parameters, again.parameters)
        assert again.region == one.region
        assert re.match(r"aws [a-z0-9-]+ [a-z0-9-]+( |$)", line)


def _shell(line: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """What a shell makes of a command, with a program `aws` that prints its words."""
    script = f"aws() {{ printf '%s\\n' \"$@\"; }}\n{line}\n"
    return subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=False, env=variables)


def test_a_masked_value_is_a_variable_that_the_shell_asks_for() -> None:
    secret, other = 'it\'s a "tiger"', "a lion"
    hidden = Secrets(frozenset((secret, other)), mask=Mask(b"k"))
    text = json.dumps({"Key": secret, "Other": other})
    call = Call("sqs.SetQueueAttributes", "eu-west-1", {"QueueUrl": "it's", "Attributes": {"Policy": text}}, ())
    back = Call("sqs.SetQueueAttributes", "eu-west-1", {"QueueUrl": "it's", "Attributes": {"Policy": other}}, ())
    calls = [replace(item, parameters=hidden.document(item.parameters)) for item in (call, back)]
    notes, lines = with_variables(command_lines(command_words, calls))
    assert "tiger" not in "".join((*notes, *lines))
    assert [note.split()[1] for note in notes] == ["SENSITIVE_1", "SENSITIVE_2", "set"]
    assert "SENSITIVE_2" in lines[1]
    assert "SENSITIVE_1" not in lines[1]
    stopped = _shell(lines[0])
    assert stopped.returncode != 0
    assert stopped.stdout == ""
    words = _shell(lines[0], SENSITIVE_1="one", SENSITIVE_2="two").stdout.splitlines()
    held = json.loads(words[words.index("--attributes") + 1])
    assert json.loads(held["Policy"]) == {"Key": "one", "Other": "two"}
    assert words[words.index("--queue-url") + 1] == "it's"


def test_a_command_without_masked_values_is_as_it_was() -> None:
    call = Call("sqs.SetQueueAttributes", "eu-west-1", {"QueueUrl": "u"}, ())
    assert with_variables(command_lines(command_words, [call])) == ((), command_lines(command_words, [call]))
