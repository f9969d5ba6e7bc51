"""RDS, Neptune and DocumentDB: changes that wait, one listing for three services, sharing, and parameters."""

from __future__ import annotations

from types import ModuleType

import pytest

from goldseam.assess.evaluate import Status, evaluate
from goldseam.clouds.aws.facet import AwsFacet
from goldseam.clouds.aws.kind import AwsKind
from goldseam.clouds.aws.services import docdb, neptune
from goldseam.clouds.aws.services.rds import access, cluster, instance, parameters, snapshot
from goldseam.clouds.aws.services.rds.access import iam_authenticated, logs_exported, monitored, not_public
from goldseam.clouds.aws.services.rds.instance import DB_INSTANCE, backed_up, deletion_protected, multi_az, upgraded
from goldseam.control import Catalog, Compliant, Control, Example, Violation
from goldseam.demo.emulator import EmbeddedCloud
from goldseam.model.errors import PlanRefused, ResourceGone
from goldseam.model.resource import Resource
from goldseam.model.values import ABSENT, Json, Unknown
from goldseam.ports import Shard
from goldseam.repair.propose import propose
from tests.aws.laws import left, planned, ref_of, verdict
from tests.aws.laws import parameters as sent
from tests.aws.live import Live, embedded, live
from tests.emulators import Moto

CONTROLS = Catalog.of([access, cluster, instance, parameters, snapshot, neptune, docdb]).controls
DATABASE = [control for control in CONTROLS if control.kind == DB_INSTANCE]
LISTED = ("settings", "waiting", "cluster", "replica_of", "engine", "tags", "groups")
RAW = {
    "DBInstanceIdentifier": "orders", "DBInstanceStatus": "available", "Engine": "postgres",
    "PubliclyAccessible": True, "AutoMinorVersionUpgrade": False, "DeletionProtection": False,
    "CopyTagsToSnapshot": False, "BackupRetentionPeriod": 0, "MultiAZ": False, "StorageEncrypted": True,
    "IAMDatabaseAuthenticationEnabled": False, "PendingModifiedValues": {},
    "TagList": [{"Key": "team", "Value": "shop"}],
    "VpcSecurityGroups": [{"VpcSecurityGroupId": "sg-2", "Status": "active"}, {"VpcSecurityGroupId": "sg-1"}],
}  # fmt: skip


class Day:
    """An `Ask` for facets that the listing holds: whatever they ask is too much, but for the day."""

    def one(self, operation: str, parameters: Json, region: str) -> Json:
        raise AssertionError(operation)

    def every(self, operation: str, parameters: Json, region: str, member: str) -> list[Json]:
        raise AssertionError(operation)

    def today(self) -> str:
        return "2026-01-31"


def listed(kind: AwsKind, item: Json) -> Resource:
    """What the listing tells of a resource."""
    facets = [facet for facet in kind.facets if isinstance(facet, AwsFacet) and not facet.read_operations]
    found = {facet.name: facet.read(Day(), ref_of(kind), item) for facet in facets}
    pending = {name: reading.pending for name, reading in found.items() if reading.pending}
    return Resource(ref_of(kind), {name: reading.value for name, reading in found.items()}, pending)


def database(**changed: Json) -> Resource:
    return listed(DB_INSTANCE, {**RAW, **changed})


def test_the_listing_holds_every_facet_of_a_database() -> None:
    resource = database()
    assert set(resource.facets) == {facet.name for facet in DB_INSTANCE.facets} - {"transport"}
    assert resource.facets["tags"] == {"team": "shop"}
    assert resource.facets["groups"] == ["sg-1", "sg-2"]
    assert resource.pending == {}


def test_peers_07_only_the_fields_that_differ_are_sent() -> None:
    plan = propose(database(), [not_public, deletion_protected], DATABASE)
    (call,) = plan.calls
    assert call.operation == "rds.ModifyDBInstance"
    assert call.parameters == {
        "DBInstanceIdentifier": "goldseam-example", "PubliclyAccessible": False, "DeletionProtection": True,
    }  # fmt: skip
    (undo,) = plan.undo
    assert undo.parameters == {
        "DBInstanceIdentifier": "goldseam-example", "PubliclyAccessible": True, "DeletionProtection": False,
    }  # fmt: skip


def test_only_what_needs_the_window_is_applied_immediately() -> None:
    plan = propose(database(), [backed_up, multi_az], DATABASE)
    (call,) = plan.calls
    assert call.parameters == {
        "DBInstanceIdentifier": "goldseam-example", "ApplyImmediately": True, "BackupRetentionPeriod": 7,
        "MultiAZ": True,
    }  # fmt: skip


@pytest.mark.parametrize("control", [backed_up, multi_az], ids=lambda control: control.id)
def test_a_new_class_that_waits_is_not_brought_about_by_a_repair(control: Control) -> None:
    resource = database(PendingModifiedValues={"DBInstanceClass": "db.r6g.large"})
    verdict = evaluate(resource, [control])[0]
    assert verdict.status is Status.FAIL
    assert "DBInstanceClass" in verdict.because
    with pytest.raises(PlanRefused, match="has no fix"):
        propose(resource, [control], DATABASE)
    assert propose(resource, [not_public], DATABASE).calls


def test_peers_10_an_accepted_change_is_pending_and_never_a_pass_nor_made_twice() -> None:
    waiting = database(PendingModifiedValues={"MultiAZ": True})
    assert waiting.pending == {"settings": "the maintenance window or a restart, for MultiAZ"}
    finding = evaluate(waiting, [multi_az])[0]
    assert finding.status is Status.FAIL
    assert "waits for the maintenance window" in finding.because
    assert finding.changes == {}


@pytest.mark.parametrize("status", ["modifying", "rebooting", "configuring-enhanced-monitoring", "upgrading"])
def test_peers_10_an_instance_in_motion_is_pending(status: str) -> None:
    assert set(database(DBInstanceStatus=status).pending) == {"settings"}


@pytest.mark.parametrize("status", ["available", "backing-up", "stopped"])
def test_an_instance_at_rest_waits_for_nothing(status: str) -> None:
    assert database(DBInstanceStatus=status).pending == {}


def test_a_password_that_waits_is_not_kept() -> None:
    resource = database(PendingModifiedValues={"MasterUserPassword": "canary"})
    assert "canary" not in str(resource.facets)
    assert isinstance(backed_up.rule(*(resource.facets[name] for name in backed_up.reads)), Violation)


@pytest.mark.parametrize(
    ("engine", "wanted"),
    [
        ("mysql", {"audit", "error", "general", "slowquery"}),
        ("mariadb", {"audit", "error", "general", "slowquery"}),
        ("postgres", {"postgresql", "upgrade"}),
        ("oracle-se2", {"alert", "audit", "listener", "trace"}),
        ("oracle-ee-cdb", {"alert", "audit", "listener", "trace"}),
        ("sqlserver-se", {"agent", "error"}),
        ("sqlserver-ex", {"error"}),
        ("custom-sqlserver-se", set()),
    ],
)
def test_security_hub_rds_9_says_which_logs_are_exported(engine: str, wanted: set[str]) -> None:
    """The mutation: take one log type out of `_WANTED_LOGS`, or the entry of SQL Server Express."""
    for kept in (wanted, *(wanted - {each} for each in wanted)):
        found = evaluate(database(Engine=engine, EnabledCloudwatchLogsExports=sorted(kept)), [logs_exported])[0]
        assert found.status is (Status.PASS if kept == wanted else Status.FAIL)
    assert logs_exported.disruption.harms


def test_members_of_a_cluster_are_left_to_their_cluster() -> None:
    resource = database(DBClusterIdentifier="shop")
    mended = [control for control in DATABASE if evaluate(resource, [control])[0].status is Status.FAIL]
    assert set(mended) == {not_public, upgraded, monitored}


def test_a_longer_retention_than_asked_for_stays() -> None:
    assert evaluate(database(BackupRetentionPeriod=35), [backed_up])[0].status is Status.PASS


def test_one_call_writes_all_that_is_wrong_and_takes_the_role_that_it_hands_over() -> None:
    role = "arn:aws:iam::123456789012:role/monitor"
    chosen = {monitored.id: {"role": role}}
    wanted = [not_public, iam_authenticated, logs_exported, monitored]
    plan = propose(database(), wanted, DATABASE, lambda control, _: control.chosen(chosen.get(control.id, {})))
    (call,), (undo,) = plan.calls, plan.undo
    assert call.parameters == {
        "DBInstanceIdentifier": "goldseam-example", "ApplyImmediately": True, "PubliclyAccessible": False,
        "EnableIAMDatabaseAuthentication": True, "MonitoringInterval": 60, "MonitoringRoleArn": role,
        "CloudwatchLogsExportConfiguration": {"EnableLogTypes": ["postgresql", "upgrade"]},
    }  # fmt: skip
    assert undo.parameters == {
        "DBInstanceIdentifier": "goldseam-example", "ApplyImmediately": True, "PubliclyAccessible": True,
        "EnableIAMDatabaseAuthentication": False, "MonitoringInterval": 0,
        "CloudwatchLogsExportConfiguration": {"DisableLogTypes": ["postgresql", "upgrade"]},
    }  # fmt: skip
    assert [item.resource for item in call.permissions if item.action == "iam:PassRole"] == [role]
    assert [item.action for item in undo.permissions] == ["rds:ModifyDBInstance"]


def test_the_settings_of_neptune_and_documentdb_need_no_applying() -> None:
    for control in (neptune.backed_up, docdb.backed_up):
        assert all("ApplyImmediately" not in call for call in sent(planned(control, control.violating[0])))
    assert sent(planned(cluster.backed_up, cluster.backed_up.violating[0]))[0]["ApplyImmediately"] is True


def test_peers_10_groups_that_are_being_changed_are_pending() -> None:
    moving = [{"VpcSecurityGroupId": "sg-1", "Status": "removing"}, {"VpcSecurityGroupId": "sg-9", "Status": "adding"}]
    resource = database(VpcSecurityGroups=moving)
    assert resource.facets["groups"] == ["sg-9"]
    assert resource.pending == {"groups": "the security groups, one of which is adding"}


def test_a_certificate_counts_down_in_steps() -> None:
    held = database(CertificateDetails={"ValidTill": "2026-03-08T00:00:00Z"}).facets["certificate"]
    assert held == {"until": "2026-03-08", "days": 30}


def test_what_a_group_never_set_is_reset_when_it_is_taken_back() -> None:
    plan = planned(parameters.tls_required, parameters.tls_required.violating[2])
    (call,), (undo,) = plan.calls, plan.undo
    assert call.parameters["Parameters"] == [
        {"ParameterName": "rds.force_ssl", "ApplyMethod": "pending-reboot", "ParameterValue": "1"}
    ]
    assert (undo.operation, undo.parameters["Parameters"]) == (
        "rds.ResetDBParameterGroup", [{"ParameterName": "rds.force_ssl", "ApplyMethod": "pending-reboot"}],
    )  # fmt: skip


@pytest.mark.parametrize("control", [
    snapshot.snapshot_not_public, snapshot.cluster_snapshot_not_public, neptune.snapshot_not_public,
    docdb.snapshot_not_public,
], ids=lambda control: control.id)  # fmt: skip
def test_peers_01_only_everyone_is_taken_out_of_the_sharing(control: Control) -> None:
    example = Example({"sharing": ["111122223333", "all"]})
    assert left(control, example, "sharing") == ["111122223333"]
    (call,) = sent(planned(control, example))
    assert call["ValuesToRemove"] == ["all"]


def _database_live(cloud: Live, settings: list[Control]) -> None:
    cloud.client("rds").create_db_instance(
        DBInstanceIdentifier="orders", DBInstanceClass="db.t3.micro", Engine="postgres", AllocatedStorage=20,
        MasterUsername="postgres", MasterUserPassword="not-a-secret", PubliclyAccessible=True, DeletionProtection=False,
        AutoMinorVersionUpgrade=False, CopyTagsToSnapshot=False, BackupRetentionPeriod=1, MultiAZ=False,
    )  # fmt: skip
    resource = cloud.read(cloud.ref(DB_INSTANCE, "orders"), *LISTED)
    failing = [control for control in settings if evaluate(resource, [control])[0].status is Status.FAIL]
    plan, _ = cloud.there_and_back(resource, *failing)
    assert failing
    assert {call.operation for call in plan.calls} == {"rds.ModifyDBInstance"}


FIXED = [
    control for control in DATABASE if control.fixable and "group" not in control.defaults and control != monitored
]


def _groups_live(cloud: Live) -> None:
    cloud.make(
        "rds.CreateDBParameterGroup", DBParameterGroupName="own", DBParameterGroupFamily="sqlserver-se-15.0",
        Description="own",
    )  # fmt: skip
    cloud.make(
        "rds.CreateDBInstance", DBInstanceIdentifier="till", DBInstanceClass="db.t3.micro", Engine="sqlserver-se",
        AllocatedStorage=20, MasterUsername="keeper", MasterUserPassword="not-a-secret", DBParameterGroupName="own",
    )  # fmt: skip
    group = cloud.read(cloud.ref(parameters.PARAMETER_GROUP, "own"), "connections", "name")
    cloud.there_and_back(group, parameters.old_tls_refused, parameters.tls_required)


def _clusters_live(cloud: Live) -> None:
    user = {"MasterUsername": "keeper", "MasterUserPassword": "not-a-secret"}
    for name, engine in (("shop", "aurora-postgresql"), ("graph", "neptune")):
        cloud.make("rds.CreateDBCluster", DBClusterIdentifier=name, Engine=engine, **user)
    kinds = (cluster.CLUSTER, neptune.CLUSTER, docdb.CLUSTER)
    found = {
        kind.name: [item.ref.id for item in cloud.reader.scan(_shard(cloud), {kind: ALL}) if isinstance(item, Resource)]
        for kind in kinds
    }
    assert found == {"aws.rds.cluster": ["shop"], "aws.neptune.cluster": ["graph"], "aws.docdb.cluster": []}
    with pytest.raises(ResourceGone):
        cloud.read(cloud.ref(cluster.CLUSTER, "graph"), "settings")


ALL = frozenset({"settings"})


def _shard(cloud: Live) -> Shard:
    return Shard(cloud.account, cloud.region)


def test_ministack_ends_as_planned_and_comes_back(ministack_cloud: EmbeddedCloud) -> None:
    with embedded(ministack_cloud, DB_INSTANCE, parameters.PARAMETER_GROUP) as cloud:
        _database_live(cloud, [control for control in FIXED if control is not upgraded])  # it keeps no such setting
        _groups_live(cloud)


def test_moto_ends_as_planned_and_comes_back(moto_cloud: Moto) -> None:
    with live(moto_cloud.endpoint, DB_INSTANCE) as cloud:
        _database_live(cloud, FIXED)


def test_one_listing_of_clusters_serves_three_kinds(moto_cloud: Moto) -> None:
    with live(moto_cloud.endpoint, cluster.CLUSTER, neptune.CLUSTER, docdb.CLUSTER) as cloud:
        _clusters_live(cloud)


@pytest.mark.parametrize("service", [cluster, docdb, neptune], ids=lambda module: module.__name__.rpartition(".")[2])
@pytest.mark.parametrize("members", [0, 1, 2, 15])
def test_instances_of_a_cluster_in_one_zone_are_not_spread(service: ModuleType, members: int) -> None:
    """AWS Config, rds-cluster-multi-az-enabled. The mutation: let two members pass, or `MultiAZ` that is not told."""
    rule = service.multi_az
    assert isinstance(verdict(rule, Example({"spread": True, "members": members})), Compliant)
    assert isinstance(verdict(rule, Example({"spread": False, "members": members})), Violation)
    assert isinstance(rule.rule(ABSENT, members), Unknown)


@pytest.mark.parametrize(
    ("engine", "usual"),
    [("aurora-mysql", 3306), ("aurora-postgresql", 5432), ("mysql", 3306), ("postgres", 5432)],
)
def test_the_port_of_a_cluster_is_judged_as_that_of_an_instance(engine: str, usual: int) -> None:
    """Security Hub RDS.23. The mutation: take 3306 for the usual port of every engine, or compare no port."""
    of_cluster = [verdict(cluster.port_not_default, Example({"port": p, "engine": engine})) for p in (usual, 6000)]
    assert [type(each) for each in of_cluster] == [Violation, Compliant]
    facets = [{"port": p, "engine": engine, "cluster": ""} for p in (usual, 6000)]
    assert [type(verdict(access.port_not_default, Example(each))) for each in facets] == [Violation, Compliant]
