"""What settings name in AWS, each by its name or its ARN; an annotation of a setting: `bucket: Bucket = ""`."""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

from goldseam.control import Naming

_NAME: Final = r"[\w+=,.@/-]{1,512}"
_GROUP: Final = r"[\w./#-]{1,512}"

Bucket: TypeAlias = Annotated[
    str, Naming("Bucket", "a bucket", "arn:{partition}:s3:::{name}", r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
                kind="aws.s3.bucket"),
]  # fmt: skip
"""A bucket, which the control gets by name."""
BucketArn: TypeAlias = Annotated[
    str, Naming("BucketArn", "a bucket", "arn:{partition}:s3:::{name}",
                r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[\w!.*'()/-]*)?", as_arn=True),
]  # fmt: skip
"""A bucket, or a folder in one, which the control gets by ARN."""
LogGroup: TypeAlias = Annotated[
    str, Naming("LogGroup", "a log group", "arn:{partition}:logs:{region}:{account}:log-group:{name}", _GROUP),
]  # fmt: skip
"""A log group, which the control gets by name."""
LogGroupArn: TypeAlias = Annotated[
    str, Naming("LogGroupArn", "a log group", "arn:{partition}:logs:{region}:{account}:log-group:{name}", _GROUP,
                as_arn=True),
]  # fmt: skip
"""A log group, which the control gets by ARN, without `:*` at its end."""
LogDestination: TypeAlias = Annotated[
    str, Naming("LogDestination", "a log destination",
                "arn:{partition}:logs:{region}:{account}:log-group:{name}", _GROUP, as_arn=True,
                others=("arn:{partition}:firehose:{region}:{account}:deliverystream/{name}",
                        "arn:{partition}:s3:::{name}")),
]  # fmt: skip
"""Where logs go: a log group, a stream of Firehose or a bucket, which the control gets by ARN."""
Topic: TypeAlias = Annotated[
    str, Naming("Topic", "an SNS topic", "arn:{partition}:sns:{region}:{account}:{name}", r"[\w-]{1,256}(\.fifo)?",
                as_arn=True),
]  # fmt: skip
"""An SNS topic, which the control gets by ARN."""
Queue: TypeAlias = Annotated[
    str, Naming("Queue", "an SQS queue", "arn:{partition}:sqs:{region}:{account}:{name}", r"[\w-]{1,80}(\.fifo)?",
                as_arn=True),
]  # fmt: skip
"""An SQS queue, which the control gets by ARN."""
Function: TypeAlias = Annotated[
    str, Naming("Function", "a Lambda function", "arn:{partition}:lambda:{region}:{account}:function:{name}",
                r"[\w-]{1,140}(:[\w$-]+)?", as_arn=True),
]  # fmt: skip
"""A Lambda function, which the control gets by ARN."""
Role: TypeAlias = Annotated[
    str, Naming("Role", "an IAM role", "arn:{partition}:iam::{account}:role/{name}", _NAME, as_arn=True),
]  # fmt: skip
"""An IAM role, which the control gets by ARN."""
PolicyArn: TypeAlias = Annotated[
    str, Naming("PolicyArn", "an IAM policy", "arn:{partition}:iam::{account}:policy/{name}", _NAME, as_arn=True,
                others=("arn:{partition}:iam::aws:policy/{name}",)),
]  # fmt: skip
"""A managed policy, which the control gets by ARN; a name alone is one of the account's own."""
InstanceProfile: TypeAlias = Annotated[
    str, Naming("InstanceProfile", "an instance profile", "arn:{partition}:iam::{account}:instance-profile/{name}",
                _NAME, as_arn=True),
]  # fmt: skip
"""An instance profile, which the control gets by ARN."""
SecurityGroup: TypeAlias = Annotated[
    str, Naming("SecurityGroup", "a security group",
                "arn:{partition}:ec2:{region}:{account}:security-group/{name}", "sg-[0-9a-z]+"),
]  # fmt: skip
"""A security group, which the control gets by id."""
WebAclArn: TypeAlias = Annotated[
    str, Naming("WebAclArn", "a web ACL", "arn:{partition}:wafv2:{region}:{account}:{name}", "", as_arn=True)
]
"""A web ACL by ARN: its name alone does not say which one it is."""
ClientCertificate: TypeAlias = Annotated[
    str, Naming("ClientCertificate", "a client certificate",
                "arn:{partition}:apigateway:{region}::/clientcertificates/{name}", "[a-z0-9]{1,64}"),
]  # fmt: skip
"""A client certificate of API Gateway, which the control gets by id."""
OriginAccessControl: TypeAlias = Annotated[
    str, Naming("OriginAccessControl", "an origin access control",
                "arn:{partition}:cloudfront::{account}:origin-access-control/{name}", "[A-Z0-9]{1,64}"),
]  # fmt: skip
"""An origin access control of CloudFront, which the control gets by id."""
