"""Framework requirements that the controls of networks, databases, snapshots and identities answer to."""

from __future__ import annotations

from typing import Final


def _ids(text: str) -> tuple[str, ...]:
    """The full ids of lines of a framework and its requirements: `fsbp: S3.1 S3.2` is fsbp:S3.1 and fsbp:S3.2."""
    parts = (line.partition(":") for line in text.split("\n") if line)
    return tuple(f"{framework.strip()}:{name}" for framework, _, names in parts for name in names.split())


ALL_PORTS: Final = _ids("""
    cis-aws-7.0: 6.3 6.4
    iso-27001-2022: A.8.20 A.8.21 A.8.22
    mitre-attack: T1046 T1048 T1199 T1498 T1499
    soc2: cc_6_6
""")

ANY_PORT: Final = _ids("""
    iso-27001-2022: A.8.20 A.8.21 A.8.22
    pci-dss-4.0: 1.2.5.17 1.2.8.41 1.3.1.45 1.3.2.45 1.4.2.43 1.5.1.40 2.2.5.17 A1.1.3.40
    soc2: cc_6_6
""")

HIGH_RISK_PORT: Final = _ids("""
    fsbp: EC2.19
    iso-27001-2022: A.8.20 A.8.21 A.8.22
    soc2: cc_6_6
""")

SSH: Final = _ids("""
    cis-aws-7.0: 6.3 6.4
    fsbp: EC2.13
    hipaa: 164_308_a_1_ii_b 164_312_e_1
    iso-27001-2022: A.8.20 A.8.21 A.8.22
    mitre-attack: T1046 T1048 T1199 T1498 T1499
    nist-800-53-r5: ac_17_1 ac_17_10 ac_17_9 ac_17_b cm_9_b sc_7_11 sc_7_12 sc_7_16 sc_7_21 sc_7_24_b sc_7_25 sc_7_26
    nist-800-53-r5: sc_7_27 sc_7_28 sc_7_7 sc_7_a sc_7_c
    pci-dss-4.0: 1.2.8.17 1.3.1.19 1.3.2.19 1.4.2.18 1.5.1.17 A1.1.3.17
    soc2: cc_6_6 cc_7_2
""")

RDP: Final = _ids("""
    cis-aws-7.0: 6.3 6.4
    fsbp: EC2.14
    iso-27001-2022: A.8.20 A.8.21 A.8.22
    mitre-attack: T1046 T1048 T1199 T1498 T1499
    soc2: cc_6_6
""")

SERVICE_PORT: Final = _ids("""
    iso-27001-2022: A.8.20 A.8.21 A.8.22
    mitre-attack: T1046 T1048 T1199 T1498 T1499
    soc2: cc_6_6
""")

CIFS: Final = _ids("""
    cis-aws-7.0: 6.1.2
    iso-27001-2022: A.8.20 A.8.21 A.8.22
    soc2: cc_6_6
""")

INSTANCE_PORT: Final = _ids("""
    iso-27001-2022: A.8.20 A.8.21 A.8.22
    soc2: cc_6_6
""")

DEFAULT_GROUP: Final = _ids("""
    cis-aws-7.0: 6.5
    fsbp: EC2.2
    iso-27001-2022: A.8.20 A.8.21 A.8.22
    nist-800-53-r5: ac_17_1 ac_17_10 ac_17_4_a ac_17_9 ac_17_b ac_4_21 cm_6_a cm_9_b sc_7_11 sc_7_12 sc_7_16 sc_7_21
    nist-800-53-r5: sc_7_24_b sc_7_25 sc_7_26 sc_7_27 sc_7_28 sc_7_5 sc_7_7 sc_7_a sc_7_c
""")

EBS_ENCRYPTION: Final = _ids("""
    cis-aws-7.0: 6.1.1
    fsbp: EC2.7
    hipaa: 164_308_a_1_ii_b 164_308_a_4_ii_a 164_312_a_2_iv 164_312_e_2_ii
    iso-27001-2022: A.8.11 A.8.24
    mitre-attack: T1119
    nist-800-53-r5: au_9_3 cm_6_a cm_9_b cp_9_d sc_13_a sc_28_1 sc_8_3 sc_8_4 si_19_4
""")

SNAPSHOT_PUBLIC: Final = _ids("""
    fsbp: EC2.1
    hipaa: 164_308_a_1_ii_b 164_308_a_3_i 164_312_a_1
    iso-27001-2022: A.8.1
    nist-800-53-r5: ac_17_1 ac_17_10 ac_17_4_a ac_17_9 ac_17_b ac_2_6 ac_3 ac_3_7 ac_4_21 ac_6 mp_2 sc_25 sc_7_11
    nist-800-53-r5: sc_7_12 sc_7_16 sc_7_2 sc_7_20 sc_7_21 sc_7_24_b sc_7_25 sc_7_26 sc_7_27 sc_7_28 sc_7_3 sc_7_7
    nist-800-53-r5: sc_7_9_a sc_7_a sc_7_b sc_7_c
    soc2: cc_6_6
""")

SNAPSHOT_BLOCK: Final = _ids("""
    pci-dss-4.0: 10.3.2.8 3.5.1.3.8 A1.1.2.4 A3.4.1.4
    soc2: cc_6_6
""")

SNAPSHOT_ENCRYPTION: Final = _ids("""
    iso-27001-2022: A.8.24
    mitre-attack: T1119
    pci-dss-4.0: 3.5.1.13 8.3.2.20
    soc2: cc_7_5
""")

RDS_PUBLIC: Final = _ids("""
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
""")

RDS_UPGRADE: Final = _ids("""
    cis-aws-7.0: 3.2.2
    fsbp: RDS.13
    mitre-attack: T1190
    pci-dss-4.0: 6.3.3.10
""")

RDS_DELETION: Final = _ids("""
    fsbp: RDS.8
    mitre-attack: T1485
    nist-800-53-r5: ca_7_4_c cm_3_a cp_1_a_1_b cp_1_a_2 cp_2_5 cp_2_a cp_2_a_6 cp_2_a_7 cp_2_d cp_2_e sa_15_a_4 sc_22
    nist-800-53-r5: sc_5_2 si_13_5
    soc2: cc_c_1_1
""")

RDS_BACKUP: Final = _ids("""
    fsbp: RDS.11
    hipaa: 164_308_a_1_ii_b 164_308_a_4_ii_a 164_308_a_7_i 164_308_a_7_ii_a 164_308_a_7_ii_b 164_308_a_7_ii_c
    hipaa: 164_312_a_2_ii
    mitre-attack: T1190 T1485 T1486 T1490
    nist-800-53-r5: cp_10 cp_10_2 cp_1_2 cp_2_5 cp_6_1 cp_6_2 cp_6_a cp_9_a cp_9_b cp_9_c sc_5_2 si_13_5
    pci-dss-4.0: 10.3.3.8
    soc2: cc_7_4 cc_a_1_1
""")

RDS_TAGS: Final = _ids("""
    fsbp: RDS.17
    soc2: cc_7_5
""")

RDS_MULTI_AZ: Final = _ids("""
    cis-aws-7.0: 3.2.4
    fsbp: RDS.5
    hipaa: 164_308_a_1_ii_b 164_308_a_7_i 164_308_a_7_ii_a 164_308_a_7_ii_b 164_308_a_7_ii_c
    iso-27001-2022: A.8.14
    nist-800-53-r5: cp_10 cp_1_a_1_b cp_1_a_2 cp_2_5 cp_2_6 cp_2_a cp_2_a_6 cp_2_a_7 cp_2_d cp_2_e cp_6_2 sc_22 sc_36
    nist-800-53-r5: sc_5_2 sc_6 si_13_5
""")

RDS_ENCRYPTION: Final = _ids("""
    cis-aws-7.0: 3.2.1
    fsbp: RDS.3
    hipaa: 164_308_a_1_ii_b 164_308_a_4_ii_a 164_312_a_2_iv 164_312_e_2_ii
    iso-27001-2022: A.8.11 A.8.24
    mitre-attack: T1119 T1530
    nist-800-53-r5: au_9_3 cp_9_8 cp_9_d sc_13_a sc_28_1 sc_8_3 sc_8_4 si_19_4
    pci-dss-4.0: 3.5.1.27 8.3.2.44
    soc2: pi_1_5
""")

PASSWORD_AGE: Final = _ids("""
    fsbp: IAM.10 IAM.7
    iso-27001-2022: A.5.15
    mitre-attack: T1078 T1110
    pci-dss-4.0: 8.3.6.1 8.6.3.2
""")

PASSWORD_LENGTH: Final = _ids("""
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
""")

PASSWORD_CLASS: Final = _ids("""
    fsbp: IAM.10 IAM.7
    hipaa: 164_308_a_5_ii_d
    iso-27001-2022: A.5.15
    mitre-attack: T1078 T1110
""")

PASSWORD_REUSE: Final = _ids("""
    cis-aws-7.0: 2.9
    fsbp: IAM.10 IAM.7
    hipaa: 164_308_a_4_ii_c 164_308_a_5_ii_d 164_312_d
    iso-27001-2022: A.5.15
    mitre-attack: T1078 T1110
""")

S3_ACCOUNT_BLOCK: Final = _ids("""
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
""")

KEY_UNUSED: Final = _ids("""
    cis-aws-7.0: 2.11
    fsbp: IAM.22 IAM.26 IAM.8
    hipaa: 164_308_a_3_ii_b 164_308_a_4_ii_c 164_308_a_5_ii_d
    iso-27001-2022: A.5.15
    mitre-attack: T1078 T1110 T1550
    nist-800-53-r5: ac_24 ac_2_1 ac_2_3 ac_2_3_a ac_2_3_b ac_2_3_c ac_2_3_d ac_2_6 ac_2_g ac_2_j ac_3 ac_3_12_a
    nist-800-53-r5: ac_3_13 ac_3_15_a ac_3_15_b ac_3_3 ac_3_3_a ac_3_3_b_1 ac_3_3_b_2 ac_3_3_b_3 ac_3_3_b_4 ac_3_3_b_5
    nist-800-53-r5: ac_3_3_c ac_3_4 ac_3_4_a ac_3_4_b ac_3_4_c ac_3_4_d ac_3_4_e ac_3_7 ac_3_8 ac_4_28 ac_6 cm_5_1_a
    nist-800-53-r5: cm_6_a cm_9_b mp_2 sc_23_3
    pci-dss-4.0: 7.2.4.2 7.2.5.1.2 8.2.6.2 A3.4.1.10
    soc2: cc_1_3
""")

KEY_ROTATION: Final = _ids("""
    cis-aws-7.0: 2.12
    fsbp: IAM.3
    hipaa: 164_308_a_3_ii_c 164_308_a_4_ii_c 164_308_a_5_ii_d
    iso-27001-2022: A.5.15
    mitre-attack: T1078 T1110 T1550
    nist-800-53-r5: ac_24 ac_2_1 ac_3_12_a ac_3_13 ac_3_15_a ac_3_15_b ac_3_3 ac_3_3_a ac_3_3_b_1 ac_3_3_b_2
    nist-800-53-r5: ac_3_3_b_3 ac_3_3_b_4 ac_3_3_b_5 ac_3_3_c ac_3_4 ac_3_4_a ac_3_4_b ac_3_4_c ac_3_4_d ac_3_4_e
    nist-800-53-r5: ac_3_8 ac_4_28 cm_5_1_a cm_6_a cm_9_b sc_23_3
    pci-dss-4.0: 8.3.10.1.1 8.3.5.1 8.3.7.1 8.3.9.1 8.6.3.1
""")
