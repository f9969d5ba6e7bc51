"""Framework requirements that the controls of buckets, topics, queues, keys and trails answer to, by check."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final


def required(*checks: str) -> tuple[str, ...]:
    """The requirements of these checks as frameworks number them, `fsbp:S3.5`, each once and in order."""
    lines = (line.strip() for check in checks for line in _REQUIRED[check].splitlines() if line.strip())
    parts = (line.partition(": ") for line in lines)
    return tuple(sorted({f"{framework}:{number}" for framework, _, numbers in parts for number in numbers.split()}))


_REQUIRED: Final[Mapping[str, str]] = {
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
