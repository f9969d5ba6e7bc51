"""The SDK with the user's configuration, and with our own way to load what it knows of services."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from functools import cache
from importlib.metadata import version

import botocore
from botocore.exceptions import ProfileNotFound
from botocore.session import Session

from goldseam.clouds.aws.service_data import ServiceData
from goldseam.model.errors import UnknownName


@cache
def user_agent() -> str:
    """How AWS's own records name what called."""
    return f"goldseam/{version('goldseam')} Botocore/{botocore.__version__} Python/{platform.python_version()}"


def configured(profile: str | None, operations: Iterable[str] = ()) -> tuple[Session, ServiceData]:
    """The SDK and its loader; with operations (`service.Operation`), only those are loaded until others are wanted.

    Raises UnknownName for a profile that does not exist.
    """
    sdk = Session(profile=profile)
    try:
        data = ServiceData(_model_folders(sdk), operations)
    except ProfileNotFound as error:
        raise UnknownName("AWS profile", sdk.profile or "", Session().available_profiles) from error
    sdk.register_component("data_loader", data)
    return sdk, data


def _model_folders(sdk: Session) -> list[str]:
    folders = sdk.get_config_variable("data_path")
    return str(folders).split(":") if folders else []
