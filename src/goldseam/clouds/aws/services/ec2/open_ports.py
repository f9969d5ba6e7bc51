"""The services that have no business on the open internet, with their ports: one table, one control for each row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from goldseam.clouds.aws.requirements import required
from goldseam.control import Severity

_TO: Final = "ec2_securitygroup_allow_ingress_from_internet_to_"
_HIGH_RISK: Final = f"{_TO}high_risk_tcp_ports"
"""Prowler's check of ports 25, 110, 135, 143, 445, 3000, 4333, 5000, 5500, 8080 and 8088; EC2.19 names more."""

EC2_19: Final = frozenset(
    (20, 21, 22, 23, 25, 110, 135, 143, 445, 1433, 1434, 3000, 3306, 3389, 4333, 5000, 5432, 5500, 5601, 8080, 8088,
     8888, 9200, 9300)
)  # fmt: skip
"""Source: AWS Security Hub User Guide, "Security Hub controls for Amazon EC2", EC2.19."""


@dataclass(frozen=True, slots=True)
class Service:
    """One row: the word in the control's id, what people call it, its ports, and why the world must not reach it.

    `seed` is the row of the seed product, `exposed` the word in Prowler's check of instances that are open so.
    """

    word: str
    name: str
    seed: str
    why: str
    tcp: tuple[int, ...] = ()
    udp: tuple[int, ...] = ()
    checks: tuple[str, ...] = (f"{_TO}any_port",)
    exposed: str = ""
    also: tuple[str, ...] = ()
    severity: Severity = Severity.HIGH

    @property
    def ports(self) -> dict[str, tuple[int, ...]]:
        """The ports by protocol."""
        return {name: ports for name, ports in (("tcp", self.tcp), ("udp", self.udp)) if ports}

    @property
    def maps(self) -> tuple[str, ...]:
        """The requirements of frameworks that ask for it."""
        checked = required(*self.checks, *((self._exposed,) if self.exposed else ()))
        return tuple(sorted({*checked, *(("fsbp:EC2.19",) if EC2_19 & {*self.tcp} else ())}))

    @property
    def covers(self) -> tuple[str, ...]:
        """The remediations of others that closing the ports takes the place of."""
        seed = (f"seed:{self.seed}",) if self.seed else ()
        exposed = (f"prowler:{self._exposed}",) if self.exposed else ()
        high_risk = (f"prowler:{_HIGH_RISK}",) if _HIGH_RISK in self.checks else ()
        ec2_19 = ("security-hub:EC2.19",) if EC2_19 & {*self.tcp} else ()
        return (*seed, *exposed, *high_risk, *ec2_19, *self.also)

    @property
    def _exposed(self) -> str:
        return f"ec2_instance_port_{self.exposed}_exposed_to_internet"

    @property
    def spelled(self) -> str:
        """The ports as people write them: `tcp 22`."""
        return " and ".join(f"{name} {', '.join(map(str, ports))}" for name, ports in self.ports.items())


_BY_RULE: Final = tuple(
    f"cloudbots:{name}" for name in ("sg_single_rule_delete", "sg_modify_scope_by_port", "sg_delete_not_matching_cidr")
)
"""Remediations that take one rule from the world out, or give its port to named networks: here `replacement`."""

_CRITICAL: Final = Severity.CRITICAL
"""For what asks for no password as it is installed, or hands over the whole machine."""

SERVICES: Final = (
    Service(
        "cassandra-client", "Cassandra clients", "openCassandraClient", tcp=(9042,),
        exposed="cassandra",
        why="Cassandra accepts queries here, and as it is installed asks for no password.",
    ),
    Service(
        "cassandra-internode", "Cassandra between nodes", "openCassandraInternode", tcp=(7000, 7001),
        exposed="cassandra",
        why="Nodes trust each other here: who reaches it can join the cluster and read what it replicates.",
    ),
    Service(
        "cassandra-monitoring", "Cassandra monitoring", "openCassandraMonitoring", tcp=(7199,),
        checks=(f"{_TO}tcp_port_cassandra_7199_9160_8888",),
        exposed="cassandra",
        why="JMX on this port can run code in the database's process.",
    ),
    Service(
        "cassandra-thrift", "Cassandra Thrift", "openCassandraThrift", tcp=(9160,),
        checks=(f"{_TO}tcp_port_cassandra_7199_9160_8888",),
        exposed="cassandra",
        why="The old client interface answers queries and gets no fixes any more.",
    ),
    Service(
        "cifs", "CIFS", "openCIFS", udp=(445,),
        why="File sharing is made for one building; worms look for it all over the internet.",
    ),
    Service(
        "dns", "DNS", "openDNS", tcp=(53,), udp=(53,),
        why="A resolver that answers anyone is used to flood others, and tells what is in the network.",
    ),
    Service(
        "docker", "the Docker API", "openDocker", tcp=(2375, 2376), severity=_CRITICAL,
        why="Who may start any container is root on the host, and port 2375 asks for no proof of who it is.",
    ),
    Service(
        "elasticsearch", "Elasticsearch", "openElasticsearch", tcp=(9200, 9300), severity=_CRITICAL,
        checks=(f"{_TO}tcp_port_elasticsearch_kibana_9200_9300_5601",),
        exposed="elasticsearch_kibana",
        why="Clusters without a password are found within hours, copied, and wiped for ransom.",
    ),
    Service(
        "ftp", "FTP", "openFTP", tcp=(20, 21),
        checks=(f"{_TO}tcp_port_ftp_20_21",),
        exposed="ftp",
        why="FTP sends passwords and files in the clear.",
    ),
    Service(
        "hadoop-namenode", "the Hadoop name node", "openHadoopNameNode", tcp=(8020,), severity=_CRITICAL,
        why="HDFS believes whatever user name it is told, unless Kerberos was set up.",
    ),
    Service(
        "hadoop-namenode-web", "the Hadoop name node's web interface", "openHadoopNameNodeWebUI", tcp=(50070, 50470),
        why="The web interface lists the file system and serves its files.",
    ),
    Service(
        "http-alternatives", "HTTP on its legacy and alternative ports", "", tcp=(8088, 8888),
        checks=(f"{_TO}tcp_port_cassandra_7199_9160_8888", _HIGH_RISK),
        why="On these ports run consoles of clusters, notebooks and proxies, most of them without a password.",
    ),
    Service(
        "imap", "IMAP", "", tcp=(143,),
        checks=(_HIGH_RISK,),
        why="Mailboxes can be read with a guessed password, which IMAP without TLS sends in the clear.",
    ),
    Service(
        "internal-web", "internal web servers", "openInternalWeb", tcp=(8080,),
        checks=(_HIGH_RISK,),
        why="On 8080 live consoles and proxies which were never meant for the public.",
    ),
    Service(
        "kafka", "Kafka", "", tcp=(9092,), severity=_CRITICAL,
        checks=(f"{_TO}tcp_port_kafka_9092",),
        exposed="kafka",
        why="A broker takes and gives messages here, and as it is installed asks nobody who they are.",
    ),
    Service(
        "kerberos", "Kerberos", "", tcp=(88, 464, 749, 750), udp=(88, 464, 749, 750),
        exposed="kerberos",
        why="It answers anyone with material to guess passwords from, and two of its ports change passwords.",
    ),
    Service(
        "kibana", "Kibana", "openKibana", tcp=(5601,),
        checks=(f"{_TO}tcp_port_elasticsearch_kibana_9200_9300_5601",),
        exposed="elasticsearch_kibana",
        why="Kibana shows and changes everything that its cluster holds.",
    ),
    Service(
        "ldap", "LDAP", "openLDAP", tcp=(389,), udp=(389,),
        exposed="ldap",
        why="The directory names every account, takes passwords in the clear, and over UDP amplifies floods.",
    ),
    Service(
        "ldaps", "LDAP over TLS", "openLDAPS", tcp=(636,),
        exposed="ldap",
        why="The directory names every account and is the place to guess passwords.",
    ),
    Service(
        "memcached", "Memcached", "openMemcached", tcp=(11211,), udp=(11211,), severity=_CRITICAL,
        checks=(f"{_TO}tcp_port_memcached_11211",),
        exposed="memcached",
        why="Memcached knows no password, and over UDP answers with up to 50,000 times what it is sent.",
    ),
    Service(
        "mongodb", "MongoDB", "openMongoDB", tcp=(27017, 27018, 27019), severity=_CRITICAL,
        checks=(f"{_TO}tcp_port_mongodb_27017_27018",),
        exposed="mongodb",
        why="Databases without a password are found within hours, copied, and wiped for ransom.",
    ),
    Service(
        "mysql", "MySQL", "openMySQL", tcp=(3306, 4333),
        checks=(f"{_TO}tcp_port_mysql_3306", _HIGH_RISK),
        exposed="mysql",
        why="One guessed password, or one unpatched server, gives away the data.",
    ),
    Service(
        "netbios", "NetBIOS", "openNetBIOS", tcp=(139,), udp=(137, 138, 139),
        exposed="cifs",
        why="Name and session services of Windows give away machines and users, and amplify floods.",
    ),
    Service(
        "oracle", "Oracle databases", "openOracle", tcp=(1521, 2483, 2484),
        checks=(f"{_TO}tcp_port_oracle_1521_2483",),
        exposed="oracle",
        why="The listener tells which databases there are, and is the place to guess their passwords.",
    ),
    Service(
        "oracle-warehouse", "Oracle Autonomous Data Warehouse", "openOracleAutoDataWarehouse", tcp=(1522,),
        why="One guessed password, or one stolen wallet, gives away the data.",
    ),
    Service(
        "pop3", "POP3", "", tcp=(110,),
        checks=(_HIGH_RISK,),
        why="Mailboxes can be read with a guessed password, which POP3 without TLS sends in the clear.",
    ),
    Service(
        "postgresql", "PostgreSQL", "openPostgreSQL", tcp=(5432,),
        checks=(f"{_TO}tcp_port_postgres_5432",),
        exposed="postgresql",
        why="One guessed password, or one unpatched server, gives away the data.",
    ),
    Service(
        "rdp", "Remote Desktop", "openRDP", tcp=(3389,),
        checks=(f"{_TO}tcp_port_3389",),
        exposed="rdp", also=("security-hub:EC2.14", *_BY_RULE),
        why="Remote Desktop is the commonest way in for ransomware: guessed passwords, and flaws that need none.",
    ),
    Service(
        "redis", "Redis", "openRedis", tcp=(6379,), severity=_CRITICAL,
        checks=(f"{_TO}tcp_port_redis_6379",),
        exposed="redis",
        why="Who may write to Redis can have it write files on the host, and often no password is asked.",
    ),
    Service(
        "rpc", "Windows RPC", "openRPC", tcp=(135,),
        checks=(_HIGH_RISK,),
        why="The endpoint mapper tells which services a Windows machine runs, and leads to them.",
    ),
    Service(
        "salt", "Salt", "openSalt", tcp=(4505, 4506), severity=_CRITICAL,
        why="Who can talk to the Salt master as one of its minions, or past its login, commands all of them.",
    ),
    Service(
        "smb", "SMB over TCP", "openSMBoTCP", tcp=(445,),
        checks=(_HIGH_RISK,),
        exposed="cifs",
        why="File sharing is made for one building; worms look for it all over the internet.",
    ),
    Service(
        "smtp", "SMTP", "openSMTP", tcp=(25,),
        checks=(_HIGH_RISK,),
        why="A mail server that was not meant to be one becomes a relay for spam within days.",
    ),
    Service(
        "snmp", "SNMP", "openSNMP", udp=(161,),
        why="SNMP tells, and often sets, how a device is configured, for a community name which everyone knows.",
    ),
    Service(
        "sql-server", "SQL Server", "openSQLServer", tcp=(1433, 1434), udp=(1434,),
        checks=(f"{_TO}tcp_port_sql_server_1433_1434",),
        exposed="sqlserver",
        why="One guessed password of `sa`, or one unpatched server, gives away the machine with the data.",
    ),
    Service(
        "ssh", "SSH", "openSSH", tcp=(22,),
        checks=(f"{_TO}tcp_port_22",),
        exposed="ssh", also=("security-hub:EC2.13", *_BY_RULE),
        why="Every public address has its SSH passwords guessed at all day; a leaked key is enough to get in.",
    ),
    Service(
        "telnet", "Telnet", "openTelnet", tcp=(23,), severity=_CRITICAL,
        checks=(f"{_TO}tcp_port_telnet_23",),
        exposed="telnet",
        why="Telnet sends passwords in the clear, and is what botnets look for first.",
    ),
    Service(
        "vnc-client", "VNC clients", "openVNCClient", tcp=(5500,),
        checks=(_HIGH_RISK,),
        why="A listening viewer shows, and sends keys to, whatever connects to it.",
    ),
    Service(
        "vnc-server", "VNC servers", "openVNCServer", tcp=(5900,),
        why="VNC shares the whole screen and keyboard for one short password, or for none.",
    ),
    Service(
        "web-frameworks", "development servers of web frameworks", "", tcp=(3000, 5000),
        checks=(_HIGH_RISK,),
        why="Servers for development show source and stack traces, and some run code that visitors send.",
    ),
)  # fmt: skip
"""All 34 rows of the seed product, and what Security Hub's EC2.19 names beside them, Kafka and Kerberos.

Where the seed's own names or inputs are slips, the ports here are what the row says: its LDAPS takes inputs named after
`LDAPSSL`, and its internal web rule takes Kibana's replacement addresses. Every row here takes its own.
"""
