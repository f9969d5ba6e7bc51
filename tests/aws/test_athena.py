from __future__ import annotations

import pytest

from goldseam.clouds.aws.services import athena
from goldseam.control import Example, Violation
from goldseam.model.values import ABSENT
from goldseam.repair.propose import propose
from tests.aws.laws import as_read, parameters, planned, verdict

KEY = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
LOOSE = {"EnforceWorkGroupConfiguration": False, "PublishCloudWatchMetricsEnabled": False}
BARE = {"encryption": ABSENT, "settings": LOOSE, "location": "s3://results/", "managed": False}


def test_what_is_not_encrypted_is_removed_by_a_flag_of_its_own() -> None:
    plan = planned(athena.results_encrypted, Example(BARE))
    (undo,) = [dict(call.parameters) for call in plan.undo]
    assert undo["ConfigurationUpdates"] == {"ResultConfigurationUpdates": {"RemoveEncryptionConfiguration": True}}


def test_peers_07_settings_are_one_update_of_what_differs() -> None:
    wanted = [athena.enforced, athena.metrics_published]
    plan = propose(as_read(athena.enforced, Example(BARE)), wanted, wanted, lambda control, _: control.defaults)
    both = {"EnforceWorkGroupConfiguration": True, "PublishCloudWatchMetricsEnabled": True}
    assert parameters(plan) == [{"WorkGroup": "goldseam-example", "ConfigurationUpdates": both}]


def test_peers_11_the_chosen_key_and_option_are_in_the_call() -> None:
    chosen = {"kms_key": KEY, "in_client": True}
    plan = planned(athena.results_encrypted_with_kms, Example(BARE, settings=chosen))
    updates = parameters(plan)[0]["ConfigurationUpdates"]["ResultConfigurationUpdates"]
    assert updates == {"EncryptionConfiguration": {"EncryptionOption": "CSE_KMS", "KmsKey": KEY}}


@pytest.mark.parametrize("managed", [True, False])
def test_nothing_is_enforced_where_there_is_no_place_for_results(managed: bool) -> None:
    found = verdict(athena.enforced, Example({**BARE, "location": ABSENT, "managed": managed}))
    assert isinstance(found, Violation) is not managed
