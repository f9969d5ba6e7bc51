"""Flow logs that exist and say nothing."""

from __future__ import annotations

from goldseam.clouds.aws.services.ec2.network import FLOW_LOG
from goldseam.control import Severity, Verdict, compliant, control, violation


@control(
    "aws.ec2.flow-log.delivered", FLOW_LOG, severity=Severity.MEDIUM,
    compliant=[{"delivery": "SUCCESS"}],
    violating=[{"delivery": "FAILED"}],
)  # fmt: skip
def delivered(delivery: str) -> Verdict:
    """A flow log reaches its destination.

    One that cannot be delivered looks like a record in every list, and there is none on the day that it is needed.
    """
    if delivery != "FAILED":
        return compliant
    return violation(
        because="the log cannot be delivered",
        guide="1. `aws ec2 describe-flow-logs --flow-log-ids LOG`: `DeliverLogsErrorMessage` says why; 2. where access "
        "is denied, let the role write to the log group, or the bucket's policy and key let "
        "`delivery.logs.amazonaws.com` write; where the destination is gone, make it again under its name; "
        "3. look again after some minutes",
    )
