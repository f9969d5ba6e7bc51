"""Bedrock: whether what is asked of models is written down, and what guards the answers."""

from __future__ import annotations

from typing import Annotated, Final

from goldseam.clouds.aws.facet import VALUE, Get, Look, Send, absent_is
from goldseam.clouds.aws.kind import ANSWER, REQUEST, AwsKind, Listing, changes
from goldseam.clouds.aws.named import Bucket
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.shapes import Document
from goldseam.control import (
    EVERYTHING,
    Example,
    Placed,
    Severity,
    Verdict,
    compliant,
    control,
    may_disrupt,
    should_be,
    violation,
)
from goldseam.model.values import ABSENT, Json, Value

_DELIVERED: Final = tuple(f"{what}DataDeliveryEnabled" for what in ("text", "image", "embedding", "video", "audio"))
_LOGGING: Final = (
    "PutModelInvocationLoggingConfiguration",
    "DeleteModelInvocationLoggingConfiguration",
    "CreateGuardrail",
    "DeleteGuardrail",
)


def _logging_form(value: Value) -> Value:
    """Where invocations are written, and which parts; nowhere is no log."""
    if value is ABSENT or not (value.get("s3Config") or value.get("cloudWatchConfig")):
        return ABSENT
    return {**dict.fromkeys(_DELIVERED, True), **{name: item for name, item in value.items() if item is not None}}


def _names(raw: Json) -> Value:
    return sorted({item["name"] for item in raw})


REGION: Final = AwsKind(
    "aws.bedrock.region",
    "Bedrock in a region",
    (
        Document(
            name="logging",
            get=Get("bedrock.GetModelInvocationLoggingConfiguration", {}, "loggingConfig"),
            form=_logging_form,
            put=Send(
                "bedrock.PutModelInvocationLoggingConfiguration",
                {"loggingConfig": VALUE},
                ("*",),
                passes=("loggingConfig.cloudWatchConfig.roleArn",),
            ),
            delete=Send("bedrock.DeleteModelInvocationLoggingConfiguration", {}, ("*",)),
        ),
        Look(
            name="guardrails",
            get=Get("bedrock.ListGuardrails", {}, "guardrails"),
            decode=_names,
            form=absent_is([]),
            sensitive=EVERYTHING,
        ),
    ),
    touched_by=(changes("bedrock", "awsRegion", names=_LOGGING),),
    address="arn:{partition}:bedrock:{region}:{account}:settings",
)

_OURS: Final = Placed(
    "Amazon Bedrock User Guide, Monitor model invocation using CloudWatch Logs and Amazon S3", account=True
)
_TO_BUCKET: Final = {"s3Config": {"bucketName": "model-logs", "keyPrefix": ""}, **dict.fromkeys(_DELIVERED, True)}
_TO_GROUP: Final = {
    "cloudWatchConfig": {"logGroupName": "/bedrock", "roleArn": "arn:aws:iam::123456789012:role/bedrock-logs"},
    **dict.fromkeys(_DELIVERED, True),
}


@control(
    "aws.bedrock.region.invocations-logged",
    REGION,
    severity=Severity.MEDIUM,
    disrupts=may_disrupt(
        "what people ask of models is kept in the bucket, personal data in it included; AWS refuses the change where "
        "the bucket's policy does not let Bedrock write"
    ),
    maps=required("bedrock_model_invocation_logging_enabled"),
    compliant=[{"logging": _TO_BUCKET}, {"logging": _TO_GROUP}],
    violating=[
        {"logging": ABSENT},
        Example({"logging": ABSENT}, {"bucket": "model-logs"}, leaves={"logging": _TO_BUCKET}),
    ],
)
def invocations_logged(logging: Value, *, bucket: Annotated[Bucket, _OURS] = "") -> Verdict:
    """What is asked of models, and what they answer, is written down.

    Who uses models with stolen keys, and what was given away to them, shows there and nowhere else.
    """
    if logging is not ABSENT:
        return compliant
    because = "invocations of models are not logged"
    if not bucket:
        return violation(
            because=because,
            guide="make a bucket in the region whose policy lets Bedrock write, encrypted with a key for the few who "
            "may read it, and give its name in a policy as the setting `bucket`",
        )
    wanted = {"s3Config": {"bucketName": bucket, "keyPrefix": ""}, **dict.fromkeys(_DELIVERED, True)}
    return should_be(logging=wanted, because=because)


@control(
    "aws.bedrock.region.guardrails-exist",
    REGION,
    severity=Severity.LOW,
    maps=required("bedrock_guardrails_configured"),
    compliant=[{"guardrails": ["support"], "logging": ABSENT}],
    violating=[{"guardrails": [], "logging": _TO_BUCKET}],
)
def guardrails_exist(guardrails: list[str], logging: Value) -> Verdict:
    """A region whose models are used has a guardrail.

    Without one, what a model is talked into is bounded by its makers only. A region is taken to be in use when its
    invocations are logged.
    """
    if guardrails or logging is ABSENT:
        return compliant
    return violation(
        because="there is no guardrail in the region",
        guide="make a guardrail with filters for attacks in prompts and for sensitive information, test it on real "
        "questions, and name it in the calls of the applications or enforce it by the condition "
        "`bedrock:GuardrailIdentifier`",
    )


_GUARDRAIL: Final = {"guardrailIdentifier": "{id}"}
_GET: Final = "bedrock.GetGuardrail"


def _attack(raw: Json) -> Value:
    """How strongly attacks in prompts are filtered."""
    return next((item["inputStrength"] for item in raw if item.get("type") == "PROMPT_ATTACK"), "NONE")


def _types(raw: Json) -> Value:
    return sorted(item["type"] for item in raw)


def _sensitive(raw: Json) -> Value:
    """What sensitive information is looked for, by name."""
    kinds = [item["type"] for item in raw.get("piiEntities") or ()]
    return sorted(kinds + [item["name"] for item in raw.get("regexes") or ()])


GUARDRAIL: Final = AwsKind(
    "aws.bedrock.guardrail",
    "Bedrock guardrail",
    (
        Look(
            name="attacks", get=Get(_GET, _GUARDRAIL, "contentPolicy.filters"), decode=_attack, form=absent_is("NONE")
        ),
        Look(
            name="sensitive",
            get=Get(_GET, _GUARDRAIL, "sensitiveInformationPolicy"),
            decode=_sensitive,
            form=absent_is([]),
        ),
        Look(
            name="grounding",
            get=Get(_GET, _GUARDRAIL, "contextualGroundingPolicy.filters"),
            decode=_types,
            form=absent_is([]),
        ),
    ),
    touched_by=(changes("bedrock", f"{REQUEST}.guardrailIdentifier", f"{ANSWER}.guardrailId"),),
    address="arn:{partition}:bedrock:{region}:{account}:guardrail/{id}",
    find=Listing("bedrock.ListGuardrails", "guardrails", id="id"),
)

_IN_CONSOLE: Final = "edit a draft of the guardrail, {what}, test it on real questions, and publish a version"


@control(
    "aws.bedrock.guardrail.prompt-attacks-filtered",
    GUARDRAIL,
    severity=Severity.MEDIUM,
    maps=required("bedrock_guardrail_prompt_attack_filter_enabled"),
    compliant=[{"attacks": "HIGH"}],
    violating=[{"attacks": "NONE"}, {"attacks": "LOW"}],
)
def attacks_filtered(attacks: str) -> Verdict:
    """A guardrail filters attacks in prompts, at full strength.

    They are how a model is made to forget what it was told not to do.
    """
    if attacks == "HIGH":
        return compliant
    guide = _IN_CONSOLE.format(what="set the filter for prompt attacks to `high`")
    return violation(because=f"attacks in prompts are filtered at strength {attacks}", guide=guide)


@control(
    "aws.bedrock.guardrail.sensitive-information-filtered",
    GUARDRAIL,
    severity=Severity.MEDIUM,
    maps=required("bedrock_guardrail_sensitive_information_filter_enabled"),
    compliant=[{"sensitive": ["EMAIL"]}],
    violating=[{"sensitive": []}],
)
def sensitive_filtered(sensitive: list[str]) -> Verdict:
    """A guardrail keeps sensitive information from passing.

    What a model was given, or has learned, comes out for whoever asks well.
    """
    if sensitive:
        return compliant
    guide = _IN_CONSOLE.format(what="choose which kinds of personal and secret data are blocked or masked")
    return violation(because="no sensitive information is filtered", guide=guide)


@control(
    "aws.bedrock.guardrail.grounded",
    GUARDRAIL,
    severity=Severity.LOW,
    maps=required("bedrock_guardrail_contextual_grounding_filter_enabled"),
    compliant=[{"grounding": ["GROUNDING", "RELEVANCE"]}],
    violating=[{"grounding": []}],
)
def grounded(grounding: list[str]) -> Verdict:
    """A guardrail checks answers against their source.

    An answer that its source does not hold is made up.
    """
    if grounding:
        return compliant
    guide = _IN_CONSOLE.format(what="switch on the check for grounding and relevance with a threshold")
    return violation(because="answers are not checked against their source", guide=guide)


def _guarded(raw: Json) -> Value:
    return raw.get("guardrailIdentifier") or ABSENT


AGENT: Final = AwsKind(
    "aws.bedrock.agent",
    "Bedrock agent",
    (Look(name="guardrail", listed="guardrailConfiguration", decode=_guarded),),
    touched_by=(changes("bedrock", f"{REQUEST}.agentId"),),
    address="arn:{partition}:bedrock:{region}:{account}:agent/{id}",
    find=Listing("bedrock-agent.ListAgents", "agentSummaries", id="agentId"),
)


@control(
    "aws.bedrock.agent.guarded",
    AGENT,
    severity=Severity.MEDIUM,
    maps=required("bedrock_agent_guardrail_enabled"),
    compliant=[{"guardrail": "gr1abc"}],
    violating=[{"guardrail": ABSENT}],
)
def guarded(guardrail: Value) -> Verdict:
    """An agent has a guardrail.

    An agent acts on what it reads, and what it reads may have been written to make it act.
    """
    if guardrail is not ABSENT:
        return compliant
    return violation(
        because="the agent has no guardrail",
        guide="choose a guardrail in a draft of the agent, test it, make a version, and point the agent's alias to it",
    )
