"""SageMaker: notebook instances, models, endpoint configurations and domains.

Most of these are settled when they are made. What of a notebook instance can be changed, can be while it is stopped
(SageMaker API Reference, UpdateNotebookInstance), and stopping it loses what is in memory: that is for people.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.facet import Get, Look, Send, tags, until
from goldseam.clouds.aws.kind import REQUEST, AwsKind, Listing, changes
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.shapes import Settings
from goldseam.control import Example, Severity, Verdict, compliant, control, may_disrupt, should_be, violation
from goldseam.model.values import ABSENT, Json, Value

_NOTEBOOK: Final = {"NotebookInstanceName": "{id}"}
_DESCRIBE: Final = "sagemaker.DescribeNotebookInstance"
_IMDS: Final = "InstanceMetadataServiceConfiguration"
_SETTLED: Final = until("NotebookInstanceStatus", "InService", "Stopped", "Failed", of="the notebook instance")
_TAGGED: Final = Get("sagemaker.ListTags", {"ResourceArn": "{address}"}, "Tags")


def _notebook_form(value: Value) -> Value:
    """Both settings, each said (SageMaker API Reference, CreateNotebookInstance, defaults)."""
    held = value or {}
    version = (held.get(_IMDS) or {}).get("MinimumInstanceMetadataServiceVersion", "1")
    return {"RootAccess": "Enabled", **held, _IMDS: {"MinimumInstanceMetadataServiceVersion": version}}


NOTEBOOK: Final = AwsKind(
    "aws.sagemaker.notebook",
    "SageMaker notebook instance",
    (
        Settings(
            name="settings",
            get=Get(_DESCRIBE, _NOTEBOOK),
            waits=_SETTLED,
            modify=Send("sagemaker.UpdateNotebookInstance", _NOTEBOOK),
            fields={name: name for name in ("RootAccess", _IMDS)},
            form=_notebook_form,
        ),
        Look(name="status", get=Get(_DESCRIBE, _NOTEBOOK, "NotebookInstanceStatus")),
        Look(name="internet", get=Get(_DESCRIBE, _NOTEBOOK, "DirectInternetAccess")),
        Look(name="subnet", get=Get(_DESCRIBE, _NOTEBOOK, "SubnetId")),
        Look(name="key", get=Get(_DESCRIBE, _NOTEBOOK, "KmsKeyId")),
        tags(_TAGGED),
    ),
    touched_by=(changes("sagemaker", f"{REQUEST}.notebookInstanceName"),),
    address="arn:{partition}:sagemaker:{region}:{account}:notebook-instance/{id}",
    find=Listing("sagemaker.ListNotebookInstances", "NotebookInstances", id="NotebookInstanceName"),
)

_V2: Final = {"MinimumInstanceMetadataServiceVersion": "2"}
_GOOD: Final = {"RootAccess": "Disabled", _IMDS: _V2}
_WHEN_STOPPED: Final = (
    "have its user save their work and stop the notebook instance, repair this, and start it again; a stopped instance "
    "keeps what is on its volume"
)


def _changed(settings: Mapping[str, Json], status: Value, because: str, **fields: Json) -> Verdict:
    """The verdict that these fields should be so, for a person to stop the instance first where it runs."""
    if status != "Stopped":
        return violation(because=f"{because}, and the instance is {status}", guide=_WHEN_STOPPED)
    return should_be(settings={**settings, **fields}, because=because)


@control(
    "aws.sagemaker.notebook.without-root",
    NOTEBOOK,
    severity=Severity.MEDIUM,
    disrupts=may_disrupt("users who install packages or write outside their home as root cannot any more"),
    maps=required("sagemaker_notebook_instance_root_access_disabled"),
    compliant=[{"settings": _GOOD, "status": "InService"}],
    violating=[
        Example({"settings": {**_GOOD, "RootAccess": "Enabled"}, "status": "Stopped"}, leaves={"settings": _GOOD}),
        {"settings": {**_GOOD, "RootAccess": "Enabled"}, "status": "InService"},
    ],
)
def without_root(settings: Mapping[str, Json], status: Value) -> Verdict:
    """Users of a notebook instance are not root on it.

    Root can switch off what watches the instance, and read what others left on it.
    """
    if settings["RootAccess"] == "Disabled":
        return compliant
    return _changed(settings, status, "users are root on the instance", RootAccess="Disabled")


@control(
    "aws.sagemaker.notebook.imdsv2",
    NOTEBOOK,
    severity=Severity.MEDIUM,
    disrupts=may_disrupt("old libraries on the instance that ask for credentials without a token get none"),
    compliant=[{"settings": _GOOD, "status": "InService"}],
    violating=[
        Example(
            {"settings": {**_GOOD, _IMDS: {"MinimumInstanceMetadataServiceVersion": "1"}}, "status": "Stopped"},
            leaves={"settings": _GOOD},
        ),
        {"settings": ABSENT, "status": "InService"},
    ],
)
def imdsv2(settings: Mapping[str, Json], status: Value) -> Verdict:
    """Credentials of a notebook instance are given out against a token only.

    Without one, a page or a package that makes the instance fetch an address can have the credentials of its role.
    """
    if settings[_IMDS] == _V2:
        return compliant
    return _changed(settings, status, "credentials are given out without a token (IMDSv1)", **{_IMDS: _V2})


@control(
    "aws.sagemaker.notebook.no-direct-internet",
    NOTEBOOK,
    severity=Severity.HIGH,
    maps=required("sagemaker_notebook_instance_without_direct_internet_access_configured"),
    compliant=[{"internet": "Disabled"}],
    violating=[{"internet": "Enabled"}],
)
def no_direct_internet(internet: Value) -> Verdict:
    """A notebook instance reaches the internet through the network of the account only.

    Direct access passes by every firewall and log that the network has, in both directions of a data leak.
    """
    if internet == "Disabled":
        return compliant
    return violation(
        because="the instance has direct access to the internet",
        guide="make a notebook instance in a subnet with a NAT gateway or endpoints and without direct internet "
        "access, move the user's files, and delete this one",
    )


@control(
    "aws.sagemaker.notebook.in-vpc",
    NOTEBOOK,
    severity=Severity.MEDIUM,
    maps=required("sagemaker_notebook_instance_vpc_settings_configured"),
    compliant=[{"subnet": "subnet-0abc"}],
    violating=[{"subnet": ABSENT}],
)
def in_vpc(subnet: Value) -> Verdict:
    """A notebook instance is in a network of the account.

    Only there do security groups, endpoints and flow logs hold for it.
    """
    if subnet is not ABSENT:
        return compliant
    return violation(
        because="the instance is in no network of the account",
        guide="make a notebook instance in a private subnet, move the user's files, and delete this one",
    )


@control(
    "aws.sagemaker.notebook.encrypted-with-kms",
    NOTEBOOK,
    severity=Severity.MEDIUM,
    maps=required("sagemaker_notebook_instance_encryption_enabled"),
    compliant=[{"key": "arn:aws:kms:eu-west-1:123456789012:key/data"}],
    violating=[{"key": ABSENT}],
)
def encrypted_with_kms(key: Value) -> Verdict:
    """The volume of a notebook instance is encrypted with a KMS key.

    Samples of all data that somebody looks at end up there. A key adds its own access control and audit trail.
    """
    if key is not ABSENT:
        return compliant
    return violation(
        because="no KMS key encrypts the volume",
        guide="the key is chosen when an instance is made: make one with a key, move the user's files, delete this one",
    )


_MODEL: Final = {"ModelName": "{id}"}
_OF_MODEL: Final = "sagemaker.DescribeModel"

MODEL: Final = AwsKind(
    "aws.sagemaker.model",
    "SageMaker model",
    (
        Look(name="isolated", get=Get(_OF_MODEL, _MODEL, "EnableNetworkIsolation"), form=bool),
        Look(name="network", get=Get(_OF_MODEL, _MODEL, "VpcConfig")),
        tags(_TAGGED),
    ),
    touched_by=(changes("sagemaker", f"{REQUEST}.modelName"),),
    address="arn:{partition}:sagemaker:{region}:{account}:model/{id}",
    find=Listing("sagemaker.ListModels", "Models", id="ModelName"),
)


@control(
    "aws.sagemaker.model.isolated",
    MODEL,
    severity=Severity.MEDIUM,
    maps=required("sagemaker_models_network_isolation_enabled"),
    compliant=[{"isolated": True}],
    violating=[{"isolated": False}],
)
def isolated(isolated: bool) -> Verdict:  # noqa: FBT001
    """The containers of a model reach no network.

    A model is code of others with your data before it; without a network it cannot send that anywhere.
    """
    if isolated:
        return compliant
    return violation(
        because="the model's containers may call out",
        guide="make the model again with network isolation, see that the container needs no downloads, point a new "
        "endpoint configuration to it, and update the endpoint",
    )


@control(
    "aws.sagemaker.model.in-vpc",
    MODEL,
    severity=Severity.LOW,
    maps=required("sagemaker_models_vpc_settings_configured"),
    compliant=[{"network": {"Subnets": ["subnet-0abc"], "SecurityGroupIds": ["sg-0abc"]}}],
    violating=[{"network": ABSENT}],
)
def model_in_vpc(network: Value) -> Verdict:
    """The containers of a model are in a network of the account.

    Only there do security groups, endpoints and flow logs hold for them.
    """
    if network is not ABSENT:
        return compliant
    return violation(
        because="the model's containers are in no network of the account",
        guide="make the model again with private subnets and a security group, point a new endpoint configuration to "
        "it, and update the endpoint",
    )


_CONFIG: Final = {"EndpointConfigName": "{id}"}
_OF_CONFIG: Final = "sagemaker.DescribeEndpointConfig"


def _alone(raw: Json) -> Value:
    """The variants that one instance serves, by name; serverless ones have none."""
    return sorted(item["VariantName"] for item in raw if item.get("InitialInstanceCount") == 1)


ENDPOINT_CONFIG: Final = AwsKind(
    "aws.sagemaker.endpoint-config",
    "SageMaker endpoint configuration",
    (
        Look(name="key", get=Get(_OF_CONFIG, _CONFIG, "KmsKeyId")),
        Look(name="alone", get=Get(_OF_CONFIG, _CONFIG, "ProductionVariants"), decode=_alone),
        tags(_TAGGED),
    ),
    touched_by=(changes("sagemaker", f"{REQUEST}.endpointConfigName"),),
    address="arn:{partition}:sagemaker:{region}:{account}:endpoint-config/{id}",
    find=Listing("sagemaker.ListEndpointConfigs", "EndpointConfigs", id="EndpointConfigName"),
)


@control(
    "aws.sagemaker.endpoint-config.encrypted-with-kms",
    ENDPOINT_CONFIG,
    severity=Severity.LOW,
    maps=required("sagemaker_endpoint_config_kms_encryption_enabled"),
    compliant=[{"key": "arn:aws:kms:eu-west-1:123456789012:key/data"}],
    violating=[{"key": ABSENT}],
)
def config_encrypted(key: Value) -> Verdict:
    """Volumes of an endpoint are encrypted with a KMS key.

    Requests and what the model makes of them pass over the volumes of its instances.
    """
    if key is not ABSENT:
        return compliant
    return violation(
        because="no KMS key encrypts the volumes",
        guide="make a configuration with a key, for instance types without local disks, and update the endpoint to it",
    )


@control(
    "aws.sagemaker.endpoint-config.several-instances",
    ENDPOINT_CONFIG,
    severity=Severity.LOW,
    maps=required("sagemaker_endpoint_config_prod_variant_instances"),
    compliant=[{"alone": []}],
    violating=[{"alone": ["main"]}],
)
def several_instances(alone: list[str]) -> Verdict:
    """Each variant of an endpoint has several instances.

    SageMaker spreads them over zones; one alone is an outage whenever it is replaced.
    """
    if not alone:
        return compliant
    return violation(
        because=f"one instance serves {', '.join(alone)}",
        guide="make a configuration with two instances or more for each variant, and update the endpoint to it",
    )


DOMAIN: Final = AwsKind(
    "aws.sagemaker.domain",
    "SageMaker domain",
    (Look(name="sign_in", get=Get("sagemaker.DescribeDomain", {"DomainId": "{id}"}, "AuthMode")),),
    touched_by=(changes("sagemaker", f"{REQUEST}.domainId"),),
    address="arn:{partition}:sagemaker:{region}:{account}:domain/{id}",
    find=Listing("sagemaker.ListDomains", "Domains", id="DomainId"),
)


@control(
    "aws.sagemaker.domain.single-sign-on",
    DOMAIN,
    severity=Severity.LOW,
    maps=required("sagemaker_domain_sso_configured"),
    compliant=[{"sign_in": "SSO"}],
    violating=[{"sign_in": "IAM"}],
)
def single_sign_on(sign_in: Value) -> Verdict:
    """People come into a domain by single sign-on.

    Then who leaves the organisation leaves the domain, and each user is one person.
    """
    if sign_in == "SSO":
        return compliant
    return violation(
        because=f"people come in by {sign_in}",
        guide="the way in is chosen when a domain is made: make one with IAM Identity Center, make its user profiles, "
        "move the users' files, and delete this one",
    )
