"""Gives the emulator's EC2 the settings of a region and of an instance that it lacks, as AWS documents them.

Of a region: blocks on public snapshots, images and gateways, defaults of instance metadata, the serial console. Of an
instance: metadata options and detailed monitoring.
"""
# ruff: noqa: SLF001 (the emulator has no types and no public hooks)

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from goldseam.demo.kept_state import regional_store

ec2: Any = importlib.import_module("ministack.services.ec2")

Parameters = dict[str, Any]
Handler = Callable[[Parameters], Any]

_DEFAULTS: Final = ("HttpTokens", "HttpPutResponseHopLimit", "HttpEndpoint", "InstanceMetadataTags")
_UNSET: Final = ("no-preference", "-1", "")
_FRESH: Final[Mapping[str, str]] = {
    "HttpTokens": "optional",
    "HttpPutResponseHopLimit": "1",
    "HttpEndpoint": "enabled",
    "InstanceMetadataTags": "disabled",
}


def install() -> None:
    """Put every setting in place; called once, before the emulator serves."""
    held = regional_store(ec2, "goldseam_ec2_settings")
    ec2._ACTION_MAP |= _region_settings(held)
    _correct_instances(regional_store(ec2, "goldseam_instance_settings"))


def _low(name: str) -> str:
    return name[:1].lower() + name[1:]


def _asked(member: str, p: Parameters) -> str:
    return str(ec2._p(p, member))


def _region_settings(held: Any) -> dict[str, Handler]:
    def says(name: str, absent: str, element: str, change: Callable[[Parameters], str] | None = None) -> Handler:
        def answer(p: Parameters) -> Any:
            if change is not None:
                held[name] = change(p)
            return ec2._xml(200, f"{ec2._p(p, 'Action')}Response", element.format(held.get(name, absent)))

        return answer

    made: dict[str, Handler] = {}
    for thing, member in (("Snapshot", "State"), ("Image", "ImageBlockPublicAccessState")):
        name, element = f"{thing}BlockPublicAccess", f"<{_low(member)}>{{}}</{_low(member)}>"
        made[f"Get{name}State"] = says(name, "unblocked", element)
        made[f"Enable{name}"] = says(name, "", element, partial(_asked, member))
        made[f"Disable{name}"] = says(name, "", element, lambda _: "unblocked")
    console = "<serialConsoleAccessEnabled>{}</serialConsoleAccessEnabled>"
    made["GetSerialConsoleAccessStatus"] = says("console", "false", console)
    made["EnableSerialConsoleAccess"] = says("console", "", console, lambda _: "true")
    made["DisableSerialConsoleAccess"] = says("console", "", console, lambda _: "false")
    gateways = (
        "<vpcBlockPublicAccessOptions><state>update-complete</state><internetGatewayBlockMode>{}"
        "</internetGatewayBlockMode></vpcBlockPublicAccessOptions>"
    )
    made["DescribeVpcBlockPublicAccessOptions"] = says("gateways", "off", gateways)
    made["ModifyVpcBlockPublicAccessOptions"] = says(
        "gateways", "", gateways, partial(_asked, "InternetGatewayBlockMode")
    )
    return {**made, **_metadata_defaults(held)}


def _metadata_defaults(held: Any) -> dict[str, Handler]:
    def get(p: Parameters) -> Any:
        del p
        said = {name: held.get(f"default {name}", "") for name in _DEFAULTS}
        text = "".join(f"<{_low(name)}>{value}</{_low(name)}>" for name, value in said.items() if value not in _UNSET)
        return ec2._xml(200, "GetInstanceMetadataDefaultsResponse", f"<accountLevel>{text}</accountLevel>")

    def modify(p: Parameters) -> Any:
        for name in _DEFAULTS:
            if said := ec2._p(p, name):
                held[f"default {name}"] = said
        return ec2._xml(200, "ModifyInstanceMetadataDefaultsResponse", "<return>true</return>")

    return {"GetInstanceMetadataDefaults": get, "ModifyInstanceMetadataDefaults": modify}


def _correct_instances(held: Any) -> None:
    write = ec2._instance_xml

    def write_with_metadata(instance: Mapping[str, Any]) -> str:
        options = {"State": "applied", **_FRESH, **held.get(instance["InstanceId"], {})}
        shown = "".join(f"<{_low(name)}>{value}</{_low(name)}>" for name, value in options.items())
        text: str = write(instance)
        head, monitoring, rest = text.partition("<monitoring>")
        return f"{head}<metadataOptions>{shown}</metadataOptions>{monitoring}{rest}"

    ec2._instance_xml = write_with_metadata
    ec2._ACTION_MAP |= {
        "RunInstances": _run(held, ec2._ACTION_MAP["RunInstances"]),
        "ModifyInstanceMetadataOptions": _modify(held),
        "MonitorInstances": _monitoring("enabled"),
        "UnmonitorInstances": _monitoring("disabled"),
    }


def _run(held: Any, run: Handler) -> Handler:
    def run_with_metadata(p: Parameters) -> Any:
        before = set(ec2._instances)
        answer = run(p)
        asked = {name: ec2._p(p, f"MetadataOptions.{name}") for name in _FRESH}
        for name in set(ec2._instances) - before:
            held[name] = {option: value for option, value in asked.items() if value}
        return answer

    return run_with_metadata


def _modify(held: Any) -> Handler:
    def modify(p: Parameters) -> Any:
        name = ec2._p(p, "InstanceId")
        if name not in ec2._instances:
            return ec2._error("InvalidInstanceID.NotFound", f"The instance ID '{name}' does not exist", 400)
        asked = {option: ec2._p(p, option) for option in _FRESH}
        held[name] = {**held.get(name, {}), **{option: value for option, value in asked.items() if value}}
        return ec2._xml(200, "ModifyInstanceMetadataOptionsResponse", f"<instanceId>{name}</instanceId>")

    return modify


def _monitoring(state: str) -> Handler:
    def answer(p: Parameters) -> Any:
        for name in ec2._parse_member_list(p, "InstanceId"):
            ec2._instances[name]["Monitoring"] = {"State": state}
        return ec2._xml(200, f"{ec2._p(p, 'Action')}Response", "<instancesSet/>")

    return answer
