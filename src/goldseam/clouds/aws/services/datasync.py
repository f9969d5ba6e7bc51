"""DataSync: tasks that copy data, and what they write down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.facet import VALUE, Get, Look, Send, tags
from goldseam.clouds.aws.kind import ANSWER, REQUEST, AwsKind, Listing, changes
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.shapes import Document
from goldseam.control import Example, Severity, Verdict, compliant, control, harmless, should_be, violation
from goldseam.model.values import ABSENT, Json, Value

_TASK: Final = {"TaskArn": "{id}"}
_DESCRIBE: Final = "datasync.DescribeTask"


def _form(value: Value) -> Value:
    return {"LogLevel": "OFF", **(value or {})}


TASK: Final = AwsKind(
    "aws.datasync.task",
    "DataSync task",
    (
        Document(
            name="options",
            get=Get(_DESCRIBE, _TASK, "Options"),
            form=_form,
            put=Send("datasync.UpdateTask", {**_TASK, "Options": VALUE}),
        ),
        Look(name="log_group", get=Get(_DESCRIBE, _TASK, "CloudWatchLogGroupArn")),
        tags(Get("datasync.ListTagsForResource", {"ResourceArn": "{id}"}, "Tags")),
    ),
    touched_by=(changes("datasync", f"{REQUEST}.taskArn", f"{ANSWER}.taskArn"),),
    address="arn:{partition}:datasync:{region}:{account}:task/{name}",
    find=Listing("datasync.ListTasks", "Tasks", id="TaskArn"),
)

_GROUP: Final = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/datasync"
_OPTIONS: Final = {"LogLevel": "BASIC", "VerifyMode": "ONLY_FILES_TRANSFERRED", "PreserveDeletedFiles": "PRESERVE"}


@control(
    "aws.datasync.task.logged",
    TASK,
    severity=Severity.MEDIUM,
    disrupts=harmless(
        "errors of transfers are written to the log group of the task; transfers run as before",
        source="AWS DataSync API Reference, Options",
        noticed_by="those who pay",
    ),
    maps=required("datasync_task_logging_enabled"),
    compliant=[
        {"options": _OPTIONS, "log_group": _GROUP},
        {"options": {**_OPTIONS, "LogLevel": "TRANSFER"}, "log_group": _GROUP},
    ],
    violating=[
        Example({"options": {**_OPTIONS, "LogLevel": "OFF"}, "log_group": _GROUP}, leaves={"options": _OPTIONS}),
        {"options": _OPTIONS, "log_group": ABSENT},
    ],
)
def logged(options: Mapping[str, Json], log_group: Value) -> Verdict:
    """A task writes down what it could not copy.

    Otherwise a file that is missing in the copy is known when it is needed.
    """
    if log_group is ABSENT:
        return violation(
            because="the task has no log group",
            guide="make a log group, let DataSync write to it by a resource policy of CloudWatch Logs, and choose it "
            "in the task with the level `basic`; a task cannot be parted from its log group again by an API",
        )
    if options["LogLevel"] != "OFF":
        return compliant
    return should_be(options={**options, "LogLevel": "BASIC"}, because="logging is off")
