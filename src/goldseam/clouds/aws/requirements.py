"""What controls answer to: the requirements of frameworks, by the name of the check that they are kept by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final


def required(*checks: str) -> tuple[str, ...]:
    """The requirements of these checks as frameworks number them, `fsbp:S3.5`, each once and in order."""
    lines = (line.strip() for check in checks for line in _REQUIRED[check].splitlines() if line.strip())
    parts = (line.partition(": ") for line in lines)
    return tuple(sorted({f"{framework}:{number}" for framework, _, numbers in parts for number in numbers.split()}))


_SERVICE_PORT: Final = """
    iso-27001-2022: A.8.20 A.8.21 A.8.22
    mitre-attack: T1046 T1048 T1199 T1498 T1499
    soc2: cc_6_6
"""
_INSTANCE_PORT: Final = """
    iso-27001-2022: A.8.20 A.8.21 A.8.22
    soc2: cc_6_6
"""
_CHARACTER_CLASS: Final = """
    fsbp: IAM.10 IAM.7
    hipaa: 164_308_a_5_ii_d
    iso-27001-2022: A.5.15
    mitre-attack: T1078 T1110
"""

_REQUIRED: Final[Mapping[str, str]] = {
    "ec2_securitygroup_allow_ingress_from_internet_to_all_ports": """
        cis-aws-7.0: 6.3 6.4
        iso-27001-2022: A.8.20 A.8.21 A.8.22
        mitre-attack: T1046 T1048 T1199 T1498 T1499
        soc2: cc_6_6
    """,
    "ec2_securitygroup_allow_ingress_from_internet_to_any_port": """
        iso-27001-2022: A.8.20 A.8.21 A.8.22
        pci-dss-4.0: 1.2.5.17 1.2.8.41 1.3.1.45 1.3.2.45 1.4.2.43 1.5.1.40 2.2.5.17 A1.1.3.40
        soc2: cc_6_6
    """,
    "ec2_securitygroup_allow_ingress_from_internet_to_high_risk_tcp_ports": """
        fsbp: EC2.19
        iso-27001-2022: A.8.20 A.8.21 A.8.22
        soc2: cc_6_6
    """,
    "ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_22": """
        cis-aws-7.0: 6.3 6.4
        fsbp: EC2.13
        hipaa: 164_308_a_1_ii_b 164_312_e_1
        iso-27001-2022: A.8.20 A.8.21 A.8.22
        mitre-attack: T1046 T1048 T1199 T1498 T1499
        nist-800-53-r5: ac_17_1 ac_17_10 ac_17_9 ac_17_b cm_9_b sc_7_11 sc_7_12 sc_7_16 sc_7_21 sc_7_24_b sc_7_25
        nist-800-53-r5: sc_7_26 sc_7_27 sc_7_28 sc_7_7 sc_7_a sc_7_c
        pci-dss-4.0: 1.2.8.17 1.3.1.19 1.3.2.19 1.4.2.18 1.5.1.17 A1.1.3.17
        soc2: cc_6_6 cc_7_2
    """,
    "ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_3389": """
        cis-aws-7.0: 6.3 6.4
        fsbp: EC2.14
        iso-27001-2022: A.8.20 A.8.21 A.8.22
        mitre-attack: T1046 T1048 T1199 T1498 T1499
        soc2: cc_6_6
    """,
    "ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_cassandra_7199_9160_8888": _SERVICE_PORT,
    "ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_elasticsearch_kibana_9200_9300_5601": _SERVICE_PORT,
    "ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_ftp_20_21": _SERVICE_PORT,
    "ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_memcached_11211": _SERVICE_PORT,
    "ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_mongodb_27017_27018": _SERVICE_PORT,
    "ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_mysql_3306": _SERVICE_PORT,
    "ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_oracle_1521_2483": _SERVICE_PORT,
    "ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_postgres_5432": _SERVICE_PORT,
    "ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_redis_6379": _SERVICE_PORT,
    "ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_sql_server_1433_1434": _SERVICE_PORT,
    "ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_telnet_23": _SERVICE_PORT,
    "ec2_instance_port_cassandra_exposed_to_internet": _INSTANCE_PORT,
    "ec2_instance_port_cifs_exposed_to_internet": """
        cis-aws-7.0: 6.1.2
        iso-27001-2022: A.8.20 A.8.21 A.8.22
        soc2: cc_6_6
    """,
    "ec2_instance_port_ldap_exposed_to_internet": _INSTANCE_PORT,
    "ec2_securitygroup_default_restrict_traffic": """
        cis-aws-7.0: 6.5
        fsbp: EC2.2
        iso-27001-2022: A.8.20 A.8.21 A.8.22
        nist-800-53-r5: ac_17_1 ac_17_10 ac_17_4_a ac_17_9 ac_17_b ac_4_21 cm_6_a cm_9_b sc_7_11 sc_7_12 sc_7_16 sc_7_21
        nist-800-53-r5: sc_7_24_b sc_7_25 sc_7_26 sc_7_27 sc_7_28 sc_7_5 sc_7_7 sc_7_a sc_7_c
    """,
    "ec2_ebs_default_encryption": """
        cis-aws-7.0: 6.1.1
        fsbp: EC2.7
        hipaa: 164_308_a_1_ii_b 164_308_a_4_ii_a 164_312_a_2_iv 164_312_e_2_ii
        iso-27001-2022: A.8.11 A.8.24
        mitre-attack: T1119
        nist-800-53-r5: au_9_3 cm_6_a cm_9_b cp_9_d sc_13_a sc_28_1 sc_8_3 sc_8_4 si_19_4
    """,
    "ec2_ebs_public_snapshot": """
        fsbp: EC2.1
        hipaa: 164_308_a_1_ii_b 164_308_a_3_i 164_312_a_1
        iso-27001-2022: A.8.1
        nist-800-53-r5: ac_17_1 ac_17_10 ac_17_4_a ac_17_9 ac_17_b ac_2_6 ac_3 ac_3_7 ac_4_21 ac_6 mp_2 sc_25 sc_7_11
        nist-800-53-r5: sc_7_12 sc_7_16 sc_7_2 sc_7_20 sc_7_21 sc_7_24_b sc_7_25 sc_7_26 sc_7_27 sc_7_28 sc_7_3 sc_7_7
        nist-800-53-r5: sc_7_9_a sc_7_a sc_7_b sc_7_c
        soc2: cc_6_6
    """,
    "ec2_ebs_snapshot_account_block_public_access": """
        pci-dss-4.0: 10.3.2.8 3.5.1.3.8 A1.1.2.4 A3.4.1.4
        soc2: cc_6_6
    """,
    "ec2_ebs_snapshots_encrypted": """
        iso-27001-2022: A.8.24
        mitre-attack: T1119
        pci-dss-4.0: 3.5.1.13 8.3.2.20
        soc2: cc_7_5
    """,
    "rds_instance_no_public_access": """
        cis-aws-7.0: 3.2.3
        fsbp: RDS.2
        hipaa: 164_308_a_3_i 164_312_a_1
        iso-27001-2022: A.8.1
        mitre-attack: T1530
        nist-800-53-r5: ac_17_1 ac_17_10 ac_17_4_a ac_17_9 ac_17_b ac_2_6 ac_3 ac_3_7 ac_4_21 ac_6 mp_2 sc_25 sc_7_11
        nist-800-53-r5: sc_7_12 sc_7_16 sc_7_2 sc_7_20 sc_7_21 sc_7_24_b sc_7_25 sc_7_26 sc_7_27 sc_7_28 sc_7_3 sc_7_7
        nist-800-53-r5: sc_7_9_a sc_7_a sc_7_b sc_7_c
        pci-dss-4.0: 1.2.8.28 1.3.1.31 1.3.2.31 1.4.2.29 1.5.1.28 10.3.2.15 3.5.1.3.20 A1.1.2.11 A1.1.3.28 A3.4.1.13
        soc2: cc_6_2
    """,
    "rds_instance_minor_version_upgrade_enabled": """
        cis-aws-7.0: 3.2.2
        fsbp: RDS.13
        mitre-attack: T1190
        pci-dss-4.0: 6.3.3.10
    """,
    "rds_instance_deletion_protection": """
        fsbp: RDS.8
        mitre-attack: T1485
        nist-800-53-r5: ca_7_4_c cm_3_a cp_1_a_1_b cp_1_a_2 cp_2_5 cp_2_a cp_2_a_6 cp_2_a_7 cp_2_d cp_2_e sa_15_a_4
        nist-800-53-r5: sc_22 sc_5_2 si_13_5
        soc2: cc_c_1_1
    """,
    "rds_instance_backup_enabled": """
        fsbp: RDS.11
        hipaa: 164_308_a_1_ii_b 164_308_a_4_ii_a 164_308_a_7_i 164_308_a_7_ii_a 164_308_a_7_ii_b 164_308_a_7_ii_c
        hipaa: 164_312_a_2_ii
        mitre-attack: T1190 T1485 T1486 T1490
        nist-800-53-r5: cp_10 cp_10_2 cp_1_2 cp_2_5 cp_6_1 cp_6_2 cp_6_a cp_9_a cp_9_b cp_9_c sc_5_2 si_13_5
        pci-dss-4.0: 10.3.3.8
        soc2: cc_7_4 cc_a_1_1
    """,
    "rds_instance_copy_tags_to_snapshots": """
        fsbp: RDS.17
        soc2: cc_7_5
    """,
    "rds_instance_multi_az": """
        cis-aws-7.0: 3.2.4
        fsbp: RDS.5
        hipaa: 164_308_a_1_ii_b 164_308_a_7_i 164_308_a_7_ii_a 164_308_a_7_ii_b 164_308_a_7_ii_c
        iso-27001-2022: A.8.14
        nist-800-53-r5: cp_10 cp_1_a_1_b cp_1_a_2 cp_2_5 cp_2_6 cp_2_a cp_2_a_6 cp_2_a_7 cp_2_d cp_2_e cp_6_2 sc_22
        nist-800-53-r5: sc_36 sc_5_2 sc_6 si_13_5
    """,
    "rds_instance_storage_encrypted": """
        cis-aws-7.0: 3.2.1
        fsbp: RDS.3
        hipaa: 164_308_a_1_ii_b 164_308_a_4_ii_a 164_312_a_2_iv 164_312_e_2_ii
        iso-27001-2022: A.8.11 A.8.24
        mitre-attack: T1119 T1530
        nist-800-53-r5: au_9_3 cp_9_8 cp_9_d sc_13_a sc_28_1 sc_8_3 sc_8_4 si_19_4
        pci-dss-4.0: 3.5.1.27 8.3.2.44
        soc2: pi_1_5
    """,
    "iam_password_policy_expires_passwords_within_90_days_or_less": """
        fsbp: IAM.10 IAM.7
        iso-27001-2022: A.5.15
        mitre-attack: T1078 T1110
        pci-dss-4.0: 8.3.6.1 8.6.3.2
    """,
    "iam_password_policy_minimum_length_14": """
        cis-aws-7.0: 2.8
        fsbp: IAM.10 IAM.7
        hipaa: 164_308_a_5_ii_d
        iso-27001-2022: A.5.15
        mitre-attack: T1078 T1110
        nist-800-53-r5: ac_24 ac_2_1 ac_2_3 ac_2_3_a ac_2_3_b ac_2_3_c ac_2_3_d ac_2_d_1 ac_3_12_a ac_3_13 ac_3_15_a
        nist-800-53-r5: ac_3_15_b ac_3_3 ac_3_3_a ac_3_3_b_1 ac_3_3_b_2 ac_3_3_b_3 ac_3_3_b_4 ac_3_3_b_5 ac_3_3_c ac_3_4
        nist-800-53-r5: ac_3_4_a ac_3_4_b ac_3_4_c ac_3_4_d ac_3_4_e ac_3_8 ac_4_28 ac_7_4 ac_7_4_a cm_12_b cm_5_1_a
        nist-800-53-r5: cm_6_a cm_9_b ia_4_d ia_5 ia_5_18_a ia_5_18_b ia_5_1_f ia_5_1_g ia_5_1_h ia_5_b ia_5_c ia_5_d
        nist-800-53-r5: ia_5_f ia_5_h ia_8_2_b ma_4_c sc_23_3
    """,
    "iam_password_policy_lowercase": _CHARACTER_CLASS,
    "iam_password_policy_number": _CHARACTER_CLASS,
    "iam_password_policy_symbol": _CHARACTER_CLASS,
    "iam_password_policy_uppercase": _CHARACTER_CLASS,
    "iam_password_policy_reuse_24": """
        cis-aws-7.0: 2.9
        fsbp: IAM.10 IAM.7
        hipaa: 164_308_a_4_ii_c 164_308_a_5_ii_d 164_312_d
        iso-27001-2022: A.5.15
        mitre-attack: T1078 T1110
    """,
    "s3_account_level_public_access_blocks": """
        cis-aws-7.0: 3.1.4
        fsbp: S3.1
        hipaa: 164_308_a_1_ii_b 164_308_a_3_i
        iso-27001-2022: A.8.1
        mitre-attack: T1530
        nist-800-53-r5: ac_17_1 ac_17_10 ac_17_4_a ac_17_9 ac_17_b ac_2_6 ac_3 ac_3_7 ac_4_21 ac_6 cm_6_a cm_9_b mp_2
        nist-800-53-r5: sc_25 sc_7_11 sc_7_12 sc_7_16 sc_7_2 sc_7_20 sc_7_21 sc_7_24_b sc_7_25 sc_7_26 sc_7_27 sc_7_28
        nist-800-53-r5: sc_7_3 sc_7_7 sc_7_9_a sc_7_a sc_7_b sc_7_c
        pci-dss-4.0: 1.2.8.31 1.2.8.32 1.3.1.35 1.3.1.36 1.3.2.35 1.3.2.36 1.4.2.33 1.4.2.34 1.5.1.31 1.5.1.32 10.3.2.19
        pci-dss-4.0: 10.3.2.20 3.5.1.3.24 3.5.1.3.25 A1.1.2.15 A1.1.2.16 A1.1.3.31 A1.1.3.32 A3.4.1.17 A3.4.1.18
    """,
    "iam_user_accesskey_unused": """
        cis-aws-7.0: 2.11
        fsbp: IAM.22 IAM.26 IAM.8
        hipaa: 164_308_a_3_ii_b 164_308_a_4_ii_c 164_308_a_5_ii_d
        iso-27001-2022: A.5.15
        mitre-attack: T1078 T1110 T1550
        nist-800-53-r5: ac_24 ac_2_1 ac_2_3 ac_2_3_a ac_2_3_b ac_2_3_c ac_2_3_d ac_2_6 ac_2_g ac_2_j ac_3 ac_3_12_a
        nist-800-53-r5: ac_3_13 ac_3_15_a ac_3_15_b ac_3_3 ac_3_3_a ac_3_3_b_1 ac_3_3_b_2 ac_3_3_b_3 ac_3_3_b_4
        nist-800-53-r5: ac_3_3_b_5 ac_3_3_c ac_3_4 ac_3_4_a ac_3_4_b ac_3_4_c ac_3_4_d ac_3_4_e ac_3_7 ac_3_8 ac_4_28
        nist-800-53-r5: ac_6 cm_5_1_a cm_6_a cm_9_b mp_2 sc_23_3
        pci-dss-4.0: 7.2.4.2 7.2.5.1.2 8.2.6.2 A3.4.1.10
        soc2: cc_1_3
    """,
    "iam_rotate_access_key_90_days": """
        cis-aws-7.0: 2.12
        fsbp: IAM.3
        hipaa: 164_308_a_3_ii_c 164_308_a_4_ii_c 164_308_a_5_ii_d
        iso-27001-2022: A.5.15
        mitre-attack: T1078 T1110 T1550
        nist-800-53-r5: ac_24 ac_2_1 ac_3_12_a ac_3_13 ac_3_15_a ac_3_15_b ac_3_3 ac_3_3_a ac_3_3_b_1 ac_3_3_b_2
        nist-800-53-r5: ac_3_3_b_3 ac_3_3_b_4 ac_3_3_b_5 ac_3_3_c ac_3_4 ac_3_4_a ac_3_4_b ac_3_4_c ac_3_4_d ac_3_4_e
        nist-800-53-r5: ac_3_8 ac_4_28 cm_5_1_a cm_6_a cm_9_b sc_23_3
        pci-dss-4.0: 8.3.10.1.1 8.3.5.1 8.3.7.1 8.3.9.1 8.6.3.1
    """,
    "s3_bucket_default_encryption": """
        hipaa: 164_308_a_1_ii_b 164_308_a_4_ii_a 164_312_a_2_iv 164_312_c_1 164_312_c_2 164_312_e_2_ii
        iso-27001-2022: A.8.11 A.8.24
        mitre-attack: T1119 T1530
        nist-800-53-r5: au_9_3 cm_6_a cm_9_b cp_9_8 cp_9_d pm_11_b sc_13_a sc_16_1 sc_28_1 sc_8_3 sc_8_4 si_19_4
        pci-dss-4.0: 3.5.1.30 8.3.2.48
        soc2: pi_1_4
    """,
    "s3_bucket_kms_encryption": """
        fsbp: S3.17
        iso-27001-2022: A.8.11 A.8.24
        pci-dss-4.0: 3.5.1.31 8.3.2.50
        soc2: pi_1_4
    """,
    "s3_bucket_level_public_access_block": """
        cis-aws-7.0: 3.1.4
        fsbp: S3.8
        mitre-attack: T1530
    """,
    "s3_bucket_object_versioning": """
        fsbp: S3.14
        hipaa: 164_308_a_1_ii_b 164_308_a_7_i 164_308_a_7_ii_a 164_308_a_7_ii_b 164_308_a_7_ii_c 164_312_a_2_ii
        hipaa: 164_312_c_1 164_312_c_2
        iso-27001-2022: A.8.10 A.8.3
        mitre-attack: T1485 T1486
        nist-800-53-r5: au_9_2 cp_10 cp_10_2 cp_1_2 cp_2_5 cp_6_1 cp_6_2 cp_6_a cp_9_a cp_9_b cp_9_c pm_11_b pm_17_b
        nist-800-53-r5: sc_16_1 sc_5_2 si_13_5 si_1_a_2
        pci-dss-4.0: 10.3.4.9
        soc2: cc_7_4 cc_a_1_1 cc_c_1_2 pi_1_5
    """,
    "s3_bucket_policy_public_write_access": """
        cis-aws-7.0: 2.21
        fsbp: S3.3
        hipaa: 164_308_a_1_ii_b 164_308_a_3_i 164_312_a_1
        iso-27001-2022: A.8.1
        mitre-attack: T1485 T1486
        nist-800-53-r5: ac_17_1 ac_17_10 ac_17_4_a ac_17_9 ac_17_b ac_2_6 ac_3 ac_3_7 ac_4_21 ac_6 cm_6_a cm_9_b mp_2
        nist-800-53-r5: sc_25 sc_7_11 sc_7_12 sc_7_16 sc_7_2 sc_7_20 sc_7_21 sc_7_24_b sc_7_25 sc_7_26 sc_7_27 sc_7_28
        nist-800-53-r5: sc_7_3 sc_7_7 sc_7_9_a sc_7_a sc_7_b sc_7_c
    """,
    "s3_bucket_public_access": """
        hipaa: 164_308_a_1_ii_b 164_308_a_3_i 164_312_a_1 164_312_a_2_i
        iso-27001-2022: A.8.1
        mitre-attack: T1530
        nist-800-53-r5: ac_17_1 ac_17_10 ac_17_4_a ac_17_9 ac_17_b ac_2_6 ac_3 ac_3_7 ac_4_21 ac_6 cm_6_a cm_9_b mp_2
        nist-800-53-r5: sc_25 sc_7_11 sc_7_12 sc_7_16 sc_7_2 sc_7_20 sc_7_21 sc_7_24_b sc_7_25 sc_7_26 sc_7_27 sc_7_28
        nist-800-53-r5: sc_7_3 sc_7_7 sc_7_9_a sc_7_a sc_7_b sc_7_c
        pci-dss-4.0: 1.2.8.33 1.2.8.34 1.3.1.37 1.3.1.38 1.3.2.37 1.3.2.38 1.4.2.35 1.4.2.36 1.5.1.33 1.5.1.34 10.3.2.21
        pci-dss-4.0: 10.3.2.23 10.3.3.23 10.3.4.8 3.5.1.3.26 3.5.1.3.28 A1.1.2.17 A1.1.2.19 A1.1.3.33 A1.1.3.34
        pci-dss-4.0: A1.2.1.31 A3.4.1.19 A3.4.1.21
        soc2: cc_6_1
    """,
    "s3_bucket_public_write_acl": """
        fsbp: S3.3
        pci-dss-4.0: 1.2.8.35 1.3.1.39 1.3.2.39 1.4.2.37 1.5.1.35 10.3.2.24 3.5.1.3.29 A1.1.2.20 A1.1.3.35 A3.4.1.22
    """,
    "s3_bucket_secure_transport_policy": """
        cis-aws-7.0: 3.1.1
        fsbp: S3.5
        hipaa: 164_308_a_1_ii_b 164_312_a_2_iv 164_312_c_1 164_312_c_2 164_312_e_1 164_312_e_2_i 164_312_e_2_ii
        mitre-attack: T1040
        nist-800-53-r5: ac_17_2 ac_24_1 ac_4 ac_4_22 au_9_3 ca_9_b cm_6_a cm_9_b ia_5_1_c pm_11_b pm_17_b sc_13_a
        nist-800-53-r5: sc_16_1 sc_23 sc_7_4_b sc_7_4_g sc_7_5 sc_8 sc_8_1 sc_8_2 sc_8_3 sc_8_4 sc_8_5 si_1_a_2
        pci-dss-4.0: 1.2.5.15 2.2.5.15 2.2.7.19 4.2.1.1.27 4.2.1.19 8.3.2.49
    """,
    "sns_topics_kms_encryption_at_rest_enabled": """
        fsbp: SNS.1
        hipaa: 164_308_a_1_ii_b 164_308_a_4_ii_a 164_312_a_2_iv 164_312_e_2_ii
        iso-27001-2022: A.8.11 A.8.24 A.8.3
        mitre-attack: T1530
        nist-800-53-r5: au_9_3 cp_9_d sc_13_a sc_28_1 sc_8_3 sc_8_4
        pci-dss-4.0: 3.5.1.35 8.3.2.54
        soc2: pi_1_4
    """,
    "sns_topics_not_publicly_accessible": """
        cis-aws-7.0: 2.21
        iso-27001-2022: A.8.1
    """,
    "sqs_queues_not_publicly_accessible": """
        cis-aws-7.0: 2.21
        iso-27001-2022: A.8.1
    """,
    "sqs_queues_server_side_encryption_enabled": """
        fsbp: SQS.1
        iso-27001-2022: A.8.11 A.8.24
    """,
    "kms_cmk_rotation_enabled": """
        cis-aws-7.0: 4.6
        fsbp: KMS.4
        hipaa: 164_312_a_2_iv
        iso-27001-2022: A.8.11 A.8.24 A.8.5
        nist-800-53-r5: cm_6_a cm_9_b sa_9_6 sc_12 sc_12_2 sc_12_6
        pci-dss-4.0: 3.7.4.5 3.7.5.2
        soc2: pi_1_5
    """,
    "kms_key_not_publicly_accessible": """
        cis-aws-7.0: 2.21
        fsbp: KMS.5
        iso-27001-2022: A.8.1
    """,
    "cloudtrail_kms_encryption_enabled": """
        cis-aws-7.0: 4.5
        fsbp: CloudTrail.2
        hipaa: 164_308_a_1_ii_b 164_308_a_1_ii_d 164_308_a_4_ii_a 164_312_a_2_iv 164_312_c_1 164_312_c_2 164_312_e_2_ii
        iso-27001-2022: A.8.11 A.8.15 A.8.16 A.8.24
        nist-800-53-r5: au_9_3 cm_6_a cm_9_b cp_9_d sc_13_a sc_28_1 sc_8_3 sc_8_4 si_19_4
        pci-dss-4.0: 10.3.2.4 10.3.3.6 10.3.4.5 3.5.1.5 8.3.2.9 A1.2.1.11
    """,
    "cloudtrail_log_file_validation_enabled": """
        cis-aws-7.0: 4.2
        fsbp: CloudTrail.4
        hipaa: 164_308_a_1_ii_b 164_308_a_1_ii_d 164_312_b 164_312_c_1 164_312_c_2
        iso-27001-2022: A.8.15 A.8.16
        nist-800-53-r5: au_9_a cm_6_a cm_9_b pm_11_b pm_17_b sa_10_1 sa_1_1 sc_16_1 si_1_a_2 si_4_d si_7_1 si_7_3 si_7_7
        nist-800-53-r5: si_7_a
        pci-dss-4.0: 10.3.2.5 10.3.3.7 10.3.4.6 A1.2.1.12
        soc2: cc_7_3 pi_1_3
    """,
    "cloudtrail_multi_region_enabled": """
        cis-aws-7.0: 4.1
        fsbp: CloudTrail.1
        hipaa: 164_308_a_1_ii_d 164_308_a_3_ii_a 164_308_a_6_ii 164_312_b 164_312_e_2_i
        nist-800-53-r5: ac_2_4 ac_3_1 ac_3_10 ac_4_26 ac_6_9 au_10 au_12_1 au_12_2 au_12_3 au_12_4 au_12_a au_12_c
        nist-800-53-r5: au_14_3 au_14_a au_14_b au_2_b au_3_1 au_3_a au_3_b au_3_c au_3_d au_3_e au_3_f au_6_3 au_6_4
        nist-800-53-r5: au_6_6 au_6_9 au_8_b ca_7_b cm_5_1_b cm_6_a cm_9_b ia_3_3_b ma_4_1_a pm_14_a_1 pm_14_b pm_31
        nist-800-53-r5: sc_7_9_b si_10_1_c si_1_1_c si_3_8_b si_4_17 si_4_2 si_4_20 si_7_8
        pci-dss-4.0: 10.2.1.1.22 10.2.1.19 10.2.1.2.19 10.2.1.3.19 10.2.1.4.19 10.2.1.5.19 10.2.1.6.19 10.2.1.7.19
        pci-dss-4.0: 10.2.2.19 10.3.1.19 10.6.3.24 5.3.4.22 A1.2.1.23
        soc2: cc_2_1 cc_7_2 cc_a_1_1 pi_1_3
    """,
}
