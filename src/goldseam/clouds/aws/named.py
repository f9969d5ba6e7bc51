"""What settings name in AWS, each by its name or its ARN; an annotation of a setting: `bucket: Bucket = ""`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Final, TypeAlias

from goldseam.control import Naming, Target
from goldseam.control.named import NOWHERE
from goldseam.model.resource import Ref

_ARN_PARTS: Final = 6
_KMS: Final = re.compile(
    r"^(arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:(key|alias)/[\w/-]+|alias/[\w/-]+|mrk-[0-9a-f]{32}"
    r"|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$"
)


@dataclass(frozen=True)
class ArnNaming(Naming):
    """A thing by a bare name or by its ARN, of which the control gets the form that it writes.

    `arn` is the pattern of the ARN with `{partition}`, `{region}`, `{account}` and `{name}`; `name` is the regular
    expression of a name, empty where a name alone does not say which one it is. `others` are ARNs of other things that
    do as well.
    """

    what: str = field(kw_only=True)
    arn: str = field(kw_only=True)
    name: str = field(kw_only=True)
    others: tuple[str, ...] = field(default=(), kw_only=True)

    @property
    def as_arn(self) -> bool:
        """Whether the control gets the ARN."""
        return not self.own

    @cached_property
    def _arns(self) -> tuple[tuple[str, re.Pattern[str]], ...]:
        return tuple((arn, self._pattern(arn)) for arn in (self.arn, *self.others))

    def _pattern(self, arn: str) -> re.Pattern[str]:
        parts = {
            "partition": "(?P<partition>[a-z-]+)",
            "region": "(?P<region>[a-z0-9-]+)",
            "account": r"(?P<account>\d{12})",
            "name": f"(?P<name>{self.name or '.+'})",
        }
        written = re.escape(arn)
        for part, pattern in parts.items():
            written = written.replace(re.escape(f"{{{part}}}"), pattern)
        return re.compile(rf"{written}(:\*)?")

    def checked(self, value: object) -> str:
        """The text, if it is a name or an ARN of such a thing; raises ValueError."""
        if isinstance(value, str) and (self._held(value)[1] or (self.name and re.fullmatch(self.name, value))):
            return value
        arns = " or ".join(f"`{arn}`" for arn, _ in self._arns)
        msg = f"{self.what} is given by its name or its ARN, {arns}" if self.name else f"{self.what} is given by {arns}"
        raise ValueError(msg)

    def found(self, value: str, ref: Ref, region: str) -> Target:
        """The thing that a checked text means for a resource; raises ValueError where a name does not say where."""
        arn, said = self._held(value)
        if not said and not self.own and "{region}" in arn and region == NOWHERE:
            msg = f"`{value}` names no region, and the resource is in none; write the ARN"
            raise ValueError(msg)
        partition = ref.address.split(":")[1] if ref.address.count(":") > 1 else ref.kind.partition(".")[0]
        place = {"partition": partition, "region": region, "account": ref.account, "name": value, **said}
        written = place["name"] if self.own else arn.format(**place)
        return Target(written, place["name"], said.get("region", ""), said.get("account", ""))

    def _held(self, value: str) -> tuple[str, dict[str, str]]:
        """The ARN that a text is, with its parts; the parts are empty for a bare name."""
        for arn, pattern in self._arns:
            if held := pattern.fullmatch(value):
                return arn, held.groupdict()
        return self.arn, {}


class KeyNaming(Naming):
    """A KMS key by id, ARN, alias name or alias ARN, which the control gets as it is written."""

    def checked(self, value: object) -> str:
        """The text, if it names a key; raises ValueError."""
        if not isinstance(value, str) or not _KMS.match(value):
            msg = "a KMS key is given by id, key ARN, `alias/name` or alias ARN"
            raise ValueError(msg)
        return value

    def found(self, value: str, ref: Ref, region: str) -> Target:
        """The key, and where its ARN says that it is."""
        del ref, region
        parts = value.split(":", _ARN_PARTS - 1)
        place = (parts[3], parts[4]) if len(parts) == _ARN_PARTS else ("", "")
        return Target(value, value, *place)


def _by_name(type_name: str, what: str, arn: str, name: str, kind: str = "") -> ArnNaming:
    """A thing that the control gets by its bare name."""
    return ArnNaming(type_name, kind, _FULL, own=True, what=what, arn=arn, name=name)


def _by_arn(type_name: str, what: str, arn: str, name: str, others: tuple[str, ...] = ()) -> ArnNaming:
    """A thing that the control gets by its ARN."""
    return ArnNaming(type_name, "", _FULL, what=what, arn=arn, name=name, others=others)


_FULL: Final = "ARN"
KmsKey: TypeAlias = Annotated[str, KeyNaming("KmsKey", full_name=_FULL)]
"""A KMS key by id, ARN, alias name or alias ARN."""
_NAME: Final = r"[\w+=,.@/-]{1,512}"
_GROUP: Final = r"[\w./#-]{1,512}"

Bucket: TypeAlias = Annotated[
    str, _by_name("Bucket", "a bucket", "arn:{partition}:s3:::{name}", r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
                kind="aws.s3.bucket"),
]  # fmt: skip
"""A bucket, which the control gets by name."""
BucketArn: TypeAlias = Annotated[
    str, _by_arn("BucketArn", "a bucket", "arn:{partition}:s3:::{name}",
                r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[\w!.*'()/-]*)?"),
]  # fmt: skip
"""A bucket, or a folder in one, which the control gets by ARN."""
LogGroup: TypeAlias = Annotated[
    str, _by_name("LogGroup", "a log group", "arn:{partition}:logs:{region}:{account}:log-group:{name}", _GROUP),
]  # fmt: skip
"""A log group, which the control gets by name."""
LogGroupArn: TypeAlias = Annotated[
    str, _by_arn("LogGroupArn", "a log group", "arn:{partition}:logs:{region}:{account}:log-group:{name}", _GROUP),
]  # fmt: skip
"""A log group, which the control gets by ARN, without `:*` at its end."""
LogDestination: TypeAlias = Annotated[
    str, _by_arn("LogDestination", "a log destination",
                "arn:{partition}:logs:{region}:{account}:log-group:{name}", _GROUP,
                others=("arn:{partition}:firehose:{region}:{account}:deliverystream/{name}",
                        "arn:{partition}:s3:::{name}")),
]  # fmt: skip
"""Where logs go: a log group, a stream of Firehose or a bucket, which the control gets by ARN."""
Topic: TypeAlias = Annotated[
    str, _by_arn("Topic", "an SNS topic", "arn:{partition}:sns:{region}:{account}:{name}", r"[\w-]{1,256}(\.fifo)?"),
]  # fmt: skip
"""An SNS topic, which the control gets by ARN."""
Queue: TypeAlias = Annotated[
    str, _by_arn("Queue", "an SQS queue", "arn:{partition}:sqs:{region}:{account}:{name}", r"[\w-]{1,80}(\.fifo)?"),
]  # fmt: skip
"""An SQS queue, which the control gets by ARN."""
Function: TypeAlias = Annotated[
    str, _by_arn("Function", "a Lambda function", "arn:{partition}:lambda:{region}:{account}:function:{name}",
                r"[\w-]{1,140}(:[\w$-]+)?"),
]  # fmt: skip
"""A Lambda function, which the control gets by ARN."""
Role: TypeAlias = Annotated[
    str, _by_arn("Role", "an IAM role", "arn:{partition}:iam::{account}:role/{name}", _NAME),
]  # fmt: skip
"""An IAM role, which the control gets by ARN."""
PolicyArn: TypeAlias = Annotated[
    str, _by_arn("PolicyArn", "an IAM policy", "arn:{partition}:iam::{account}:policy/{name}", _NAME,
                others=("arn:{partition}:iam::aws:policy/{name}",)),
]  # fmt: skip
"""A managed policy, which the control gets by ARN; a name alone is one of the account's own."""
InstanceProfile: TypeAlias = Annotated[
    str, _by_arn("InstanceProfile", "an instance profile", "arn:{partition}:iam::{account}:instance-profile/{name}",
                _NAME),
]  # fmt: skip
"""An instance profile, which the control gets by ARN."""
SecurityGroup: TypeAlias = Annotated[
    str, _by_name("SecurityGroup", "a security group",
                "arn:{partition}:ec2:{region}:{account}:security-group/{name}", "sg-[0-9a-z]+"),
]  # fmt: skip
"""A security group, which the control gets by id."""
WebAclArn: TypeAlias = Annotated[
    str, _by_arn("WebAclArn", "a web ACL", "arn:{partition}:wafv2:{region}:{account}:{name}", "")
]
"""A web ACL by ARN: its name alone does not say which one it is."""
ClientCertificate: TypeAlias = Annotated[
    str, _by_name("ClientCertificate", "a client certificate",
                "arn:{partition}:apigateway:{region}::/clientcertificates/{name}", "[a-z0-9]{1,64}"),
]  # fmt: skip
"""A client certificate of API Gateway, which the control gets by id."""
OriginAccessControl: TypeAlias = Annotated[
    str, _by_name("OriginAccessControl", "an origin access control",
                "arn:{partition}:cloudfront::{account}:origin-access-control/{name}", "[A-Z0-9]{1,64}"),
]  # fmt: skip
"""An origin access control of CloudFront, which the control gets by id."""
