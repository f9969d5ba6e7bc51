from __future__ import annotations

from typing import Any

import pytest

from goldseam.clouds.aws.services import batch, elasticbeanstalk
from goldseam.model.values import Json

SPACE = "aws:elasticbeanstalk:"


def test_options_that_are_not_set_have_their_defaults_and_values_of_properties_stay_out() -> None:
    lens: Any = elasticbeanstalk.ENVIRONMENT.facet("options")
    secret = {"Namespace": f"{SPACE}application:environment", "OptionName": "DB_PASSWORD", "Value": "hunter2hunter2"}
    assert lens.decode([{"OptionSettings": [secret]}]) == {
        "Health": "basic",
        "Updates": False,
        "Logs": False,
        "Secrets": ["DB_PASSWORD"],
    }


@pytest.mark.parametrize(
    "definition",
    [
        {"containerProperties": {"environment": [{"name": "API_TOKEN", "value": "0123abcd"}], "privileged": True}},
        {
            "eksProperties": {
                "podProperties": {
                    "containers": [
                        {"env": [{"name": "API_TOKEN", "value": "0123abcd"}], "securityContext": {"privileged": True}}
                    ]
                }
            }
        },
        {
            "nodeProperties": {
                "nodeRangeProperties": [
                    {"container": {"environment": [{"name": "API_TOKEN", "value": "0123abcd"}], "privileged": True}},
                    {"container": {"environment": [{"name": "API_TOKEN", "value": ""}]}},
                ]
            }
        },
    ],
)
def test_containers_are_found_on_every_platform(definition: Json) -> None:
    secrets, privileged = (batch.JOB_DEFINITION.facet(name) for name in ("secrets", "privileged"))
    assert secrets.decode(definition) == ["API_TOKEN"]  # type: ignore[attr-defined]
    assert privileged.decode(definition) is True  # type: ignore[attr-defined]
