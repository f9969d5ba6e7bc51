"""The keyholder's configuration: strict, and closed where it is silent."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from goldseam.clouds.registry import clouds
from goldseam.keyholder import main
from goldseam.keyholder.allow import Rule
from goldseam.keyholder.commands import new_code
from goldseam.keyholder.config import KEYS, load_config
from goldseam.keyholder.identity import KeyholderName, PrivateKey, Verifier, decoded
from goldseam.keyholder.setup import journal_of, set_up, signer_of, trust
from goldseam.model.clock import SystemClock
from goldseam.model.errors import GoldseamError, GrantRefused, HomeError, InvalidDocument, UsageError

ADA, BEN, CLARA = (
    PrivateKey(Ed25519PrivateKey.from_private_bytes(sign * 32)).verifier.text for sign in (b"a", b"b", b"c")
)
PLAN, OTHER = f"p-{'0123456789abcdef' * 2}", f"p-{'f' * 32}"
ACCOUNTS = {"111122223333": "arn:aws:iam::111122223333:role/fix"}
GOOD = f"""\
version: 1
listen: 127.0.0.1:7443
automated: true
accounts:
  "111122223333": arn:aws:iam::111122223333:role/fix
requesters:
  console: {BEN}
approvers:
  ada: {ADA}
approvals:
  needed: 1
allow:
  - accounts: ["111122223333"]
    kinds: ["aws.s3.bucket"]
    controls: ["*"]
    actions: ["s3:*"]
    resources: ["arn:aws:s3:::*"]
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "keyholder.yaml"
    path.write_text(text)
    return path


def test_a_good_one(tmp_path: Path) -> None:
    config = load_config(written(tmp_path, GOOD), clouds())
    assert (config.host, config.port, config.automated) == ("127.0.0.1", 7443, True)
    assert config.rules == (Rule(("111122223333",), ("aws.s3.bucket",), ("*",), ("s3:*",), ("arn:aws:s3:::*",), 1),)
    assert config.state == tmp_path / "state"


def test_settings_are_listed_as_values_or_for_each_region_or_account(tmp_path: Path) -> None:
    listed = """\
    settings:
      days: [30, 90]
      target_bucket: {by: region, values: {eu-west-1: logs-eu, us-east-1: logs-us}, default: logs}
      bucket: {by: account, values: {"111122223333": ours}}
"""
    (rule,) = load_config(written(tmp_path, GOOD + listed), clouds()).rules
    assert rule.settings == {
        "days": (30, 90),
        "target_bucket": (
            {"by": "region", "values": {"eu-west-1": "logs-eu", "us-east-1": "logs-us"}, "default": "logs"},
        ),
        "bucket": ({"by": "account", "values": {"111122223333": "ours"}},),
    }


@pytest.mark.parametrize(
    "wrong",
    [
        "{by: 'tag:team', values: {web: logs}}", "{by: region}", "{by: region, values: {}}", "{values: {a: b}}",
        "{by: region, values: {eu-west-1: {a: b}}}", "{by: region, values: {eu-west-1: logs}, else: logs}",
    ],
)  # fmt: skip
def test_what_the_keyholder_cannot_go_by_is_refused(tmp_path: Path, wrong: str) -> None:
    with pytest.raises(InvalidDocument):
        load_config(written(tmp_path, f"{GOOD}    settings: {{target_bucket: {wrong}}}\n"), clouds())


def test_paths_are_absolute_or_below_the_folder_of_the_file(tmp_path: Path) -> None:
    text = GOOD + "state: /var/lib/kh\ntls: {certificate: tls/a.pem, key: /etc/a.key}\n"
    config = load_config(written(tmp_path, text), clouds())
    assert config.state == Path("/var/lib/kh")
    assert config.tls is not None
    assert (config.tls.certificate, config.tls.key) == (tmp_path / "tls" / "a.pem", Path("/etc/a.key"))


@pytest.mark.parametrize(
    ("old", "new", "line", "problem"),
    [
        ("automated: true", "automatted: true", 3, "did you mean `automated`"),
        ("automated: true", "automated: maybe", 3, "`true` or `false`"),
        ("automated: true\n", "", 1, "`automated` is missing"),
        ("version: 1", "version: 2", 1, "version: 1"),
        ("listen: 127.0.0.1:7443", "listen: 0.0.0.0:7443", 2, "reached from outside"),
        ("listen: 127.0.0.1:7443", "listen: example.org:7443", 2, "reached from outside"),
        ("listen: 127.0.0.1:7443", "listen: 7443", 2, "must be a text"),
        ("listen: 127.0.0.1:7443", "listen: 127.0.0.1:99999", 2, "an address and a port"),
        ("  needed: 1", "  needed: yes", 11, "whole number from 0"),
        ("  needed: 1", "  needed: -1", 11, "whole number from 0"),
        ("  needed: 1", "  needed: 2", 13, "needs 2 approvals and only 1"),
        ("  needed: 1", "  needed: 1\n  needed: 0", 12, "given twice"),
        ("approvals:\n  needed: 1\n", "", 1, "`approvals` is missing"),
        (f"  ada: {ADA}", "  ada: ed25519:AAAA", 9, "is not a public key"),
        (f"  ada: {ADA}", f"  ada: {ADA}\n  eve: {ADA}", 10, "another name"),
        ("    kinds", "    kind", 14, "did you mean `kinds`"),
        ('    actions: ["s3:*"]\n', "", 13, "`actions` is missing"),
        ('["s3:*"]', "s3:*", 16, "must be a list"),
        ('["s3:*"]', "[[]]", 16, "list of texts"),
        (f"  ada: {ADA}", f"  ada: {ADA}\n  eve: {BEN}", 10, "`eve` has the key of requester `console`"),
        (f"  ada: {ADA}", f"  console: {BEN}", 9, "`console` has the key of requester `console`"),
        (f"  ada: {ADA}", f"  ../ada: {ADA}", 9, "`../ada` is not a name"),
        (f"  console: {BEN}", f"  '': {BEN}", 7, "a name is needed"),
        (f"  console: {BEN}", f"  a b: {BEN}", 7, "`a b` is not a name"),
        (f"  console: {BEN}", f'  "a\\u202eb": {BEN}', 7, r"`a\\u202eb` is not a name"),
        ("arn:aws:iam::111122223333:role/fix", "arn:aws:iam::999:role/fix", 5, "is not the ARN of a role"),
        ("arn:aws:iam::111122223333:role/fix", "arn:aws:iam::999922223333:role/fix", 5, "role in account `1111"),
        ("arn:aws:iam::111122223333:role/fix", "x arn:aws:iam::111122223333:role/fix", 5, "is not the ARN"),
        ("arn:aws:iam::111122223333:role/fix", "arn:aws:iam::111122223333:user/fix", 5, "is not the ARN"),
        ('  "111122223333": arn', "  prod: arn", 5, "`prod` is not an AWS account id"),
        ('  "111122223333": arn', '  "1111222233334": arn', 5, "is not an AWS account id"),
        ('accounts: ["111122223333"]', 'accounts: ["11112222333"]', 13, "no AWS account id"),
        ('accounts: ["111122223333"]', 'accounts: ["../*"]', 13, "no AWS account id"),
        ("automated: true", "automated: yes", 3, "`true` or `false`"),
        ("automated: true", "automated: true\nstate: ../other", 4, r"must not hold `\.\.`"),
        ("automated: true", "automated: true\nstate: /var/../etc", 4, r"must not hold `\.\.`"),
        ("automated: true", "automated: true\nstate: null", 4, "must be a text"),
        ("automated: true", "automated: true\ntls: {certificate: a.pem, key: ../a.key}", 4, r"must not hold `\.\.`"),
        ("automated: true", "automated: true\ntls: {certificate: ../a.pem, key: a.key}", 4, r"must not hold `\.\.`"),
        ("  needed: 1", "  needed: 0x1", 11, "whole number from 0"),
        ("  needed: 1", "  needed: 1_0", 11, "whole number from 0"),
        ("  needed: 1", "  needed: 0:1", 11, "whole number from 0"),
        ("version: 1", "version: [", None, "is not YAML"),
        ("version: 1", "- version", None, "is not YAML"),
    ],
)
def test_a_fault_names_its_line(tmp_path: Path, old: str, new: str, line: int | None, problem: str) -> None:
    assert old in GOOD
    with pytest.raises(InvalidDocument, match=problem) as refused:
        load_config(written(tmp_path, GOOD.replace(old, new, 1)), clouds())
    assert line is None or refused.value.line == line


@pytest.mark.parametrize("text", ["", "# nothing\n", "7\n", "- 1\n"])
def test_what_is_no_configuration(tmp_path: Path, text: str) -> None:
    with pytest.raises(InvalidDocument):
        load_config(written(tmp_path, text), clouds())


def test_a_new_keyholder_allows_nothing_until_it_is_told(tmp_path: Path) -> None:
    config = set_up(tmp_path / "kh", ACCOUNTS, clouds())
    assert (config.rules, config.requesters, config.automated) == ((), {}, False)
    with pytest.raises(HomeError, match="exists"):
        set_up(tmp_path / "kh", ACCOUNTS, clouds())


def test_trusting_keeps_the_rest_of_the_file(tmp_path: Path) -> None:
    path = set_up(tmp_path, ACCOUNTS, clouds()).path
    before = path.read_text().splitlines()
    trust(path, "requester", "console", Verifier(ADA), clouds())
    config = trust(path, "requester", "second", Verifier(BEN), clouds())
    config = trust(path, "approver", "ada", Verifier(CLARA), clouds())
    assert {name: key.text for name, key in config.requesters.items()} == {"console": ADA, "second": BEN}
    assert {name: key.text for name, key in config.approvers.items()} == {"ada": CLARA}
    after = path.read_text().splitlines()
    gone = [line for line in before if line not in after]
    assert gone == ["requesters: {}", "approvers: {}"]
    kept = path.read_text()
    own, fresh = signer_of(config).verifier.text, PrivateKey.fresh().verifier.text
    for group, name, key in (
        ("requester", "console", fresh), ("requester", "third", ADA), ("requester", "a: b", fresh),
        ("requester", "../a", fresh), ("requester", "third", CLARA), ("approver", "ben", BEN), ("approver", "ada", ADA),
        ("approver", "ben", own), ("requester", "third", own),
    ):  # fmt: skip
        with pytest.raises(UsageError):
            trust(path, group, name, Verifier(key), clouds())
        assert path.read_text() == kept
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(tmp_path / "kh" / "rules.yaml")
    assert main(["--config", path, "init", "--account", "111122223333=arn:aws:iam::111122223333:role/fix"]) == 0
    name = capsys.readouterr().out.split()[-1]
    assert KeyholderName.parsed(name).text == name
    assert main(["--config", path, "trust", "requester", "console", ADA]) == 0
    capsys.readouterr()
    assert main(["--config", path, "key", PLAN]) == 1
    assert f"no request for plan {PLAN}" in capsys.readouterr().err
    asked_for(Path(path), PLAN, "bucket \x1b[2J one")
    asked_for(Path(path), OTHER, "bucket two")
    assert main(["--config", path, "key", PLAN]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    lines = [line.split() for line in out.splitlines()]
    told = [line[1:] for line in lines if line[0] in ("resource", "controls", "calls")]
    assert told == [
        ["bucket", r"\x1b[2J", "one"],
        ["a.b.c"],
        ["s3.Put", "in", "eu-west-1"],
        ["s3.Del", "in", "eu-west-1"],
    ]
    code = lines[-2]
    for bad in ("nonsense", "p-0123456789abcdef", f"{PLAN}\n", f"../{PLAN}", PLAN.upper(), f"{PLAN}0"):
        for command in ("key", "release"):
            assert main(["--config", path, command, bad]) == 2
            assert "is not the id of a plan" in capsys.readouterr().err
    assert main(["--config", path, "release", PLAN]) == 1
    assert main(["--config", path, "verify"]) == 0
    assert "the record is whole: 3 entries, 0 plans" in capsys.readouterr().out
    capsys.readouterr()
    assert main(["--config", path, "show"]) == 0
    shown = capsys.readouterr().out
    assert name in shown
    assert Verifier(ADA).fingerprint in shown
    assert code[0] not in shown
    assert main(["--config", str(tmp_path / "missing.yaml"), "show"]) == 2
    assert "cannot be read" in capsys.readouterr().err


def asked_for(config: Path, plan: str, resource: str) -> None:
    """The record of a request that lacked nothing but a code."""
    loaded = load_config(config, clouds())
    entry = {
        "plan": plan,
        "resource": resource,
        "controls": ["a.b.c"],
        "calls": ["s3.Put in eu-west-1", "s3.Del in eu-west-1"],
    }
    at = SystemClock().now().isoformat()
    journal_of(loaded, signer_of(loaded)).decide({**entry, "decision": "refused", "lacks": "code", "at": at})


def test_goldseam_key_gives_a_code_only_for_what_was_asked_for(tmp_path: Path) -> None:
    path = set_up(tmp_path, ACCOUNTS, clouds()).path
    asked_for(path, PLAN, "bucket one")
    loaded = load_config(path, clouds())
    with pytest.raises(GrantRefused, match="no request"):
        new_code(loaded, OTHER)
    with pytest.raises(UsageError, match="not the id of a plan"):
        new_code(loaded, f"{PLAN}/../{OTHER}")
    made = new_code(loaded, PLAN)
    assert "resource     bucket one" in made.about
    assert made.code not in repr(made)


def test_a_damaged_record_is_told_of_and_sealed_again_by_a_persons_word(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = set_up(tmp_path, ACCOUNTS, clouds())
    path, record = str(config.path), config.state / "journal.jsonl"
    asked_for(config.path, PLAN, "bucket one")
    record.write_bytes(b"")
    for command in (["verify"], ["show"], ["key", PLAN], ["release", PLAN], ["run"]):
        assert main(["--config", path, *command]) == 2
        assert "is damaged: 1 lines are missing" in capsys.readouterr().err
    assert main(["--config", path, "reseal", "-m", " "]) == 2
    assert main(["--config", path, "reseal", "-m", "the disk was full"]) == 0
    assert main(["--config", path, "verify"]) == 0
    record.unlink()
    record.with_name("journal.jsonl.head").unlink()
    assert main(["--config", path, "verify"]) == 2


@pytest.mark.parametrize("account", ["1234", "prod", '1": x\n"2'])
@pytest.mark.parametrize("role", [None, "arn:aws:iam::111122223333:role/fix\nallow: []", "role/fix"])
def test_setting_up_writes_nothing_for_accounts_and_roles_that_are_none(
    tmp_path: Path, account: str, role: str | None
) -> None:
    roles = {account: f"arn:aws:iam::{account}:role/fix"} if role is None else {"111122223333": role}
    with pytest.raises(UsageError):
        set_up(tmp_path / "kh", roles, clouds())
    with pytest.raises(UsageError):
        set_up(tmp_path / "kh", ACCOUNTS, clouds(), listen="0.0.0.0:1")
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


_MAKE = """
import sys
from pathlib import Path
from goldseam.keyholder.identity import PrivateKey
print("ready", flush=True)
sys.stdin.readline()
for number in range(60):
    print(PrivateKey.load_or_create(Path(sys.argv[1]) / str(number)).verifier.text, flush=True)
"""


def test_processes_that_make_a_key_at_once_end_with_one(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _MAKE, str(tmp_path)]
    children = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    said = [child.communicate()[0].split() for child in children]
    assert [child.returncode for child in children] == [0, 0, 0]
    assert said[0] == said[1] == said[2]
    assert len(said[0]) == len(set(said[0])) == 60
    assert {path.name for path in tmp_path.iterdir()} == {str(number) for number in range(60)}
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_a_key_is_its_owners_from_birth_and_never_half_there(tmp_path: Path) -> None:
    """Whatever the umask is, the file has mode 0600 at every moment that it has a name."""
    before = os.umask(0)
    try:
        path = tmp_path / "state" / "key"
        PrivateKey.load_or_create(path)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    with pytest.raises(FileExistsError):
        PrivateKey.fresh().save(path)


def test_a_link_in_the_place_of_a_key_is_not_followed(tmp_path: Path) -> None:
    real, link, nowhere = tmp_path / "real", tmp_path / "link", tmp_path / "nowhere"
    PrivateKey.fresh().save(real)
    link.symlink_to(real)
    nowhere.symlink_to(tmp_path / "absent")
    for path in (link, nowhere):
        with pytest.raises(HomeError, match="cannot be read"):
            PrivateKey.load_or_create(path)
    assert not (tmp_path / "absent").exists()
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(HomeError, match="not a file of yours"):
        PrivateKey.load(tmp_path / "pipe")


def test_a_state_folder_that_others_may_write_to_is_not_used(tmp_path: Path) -> None:
    config = set_up(tmp_path, ACCOUNTS, clouds())
    config.state.chmod(0o777)
    with pytest.raises(HomeError, match="chmod 700"):
        signer_of(config)


def test_one_key_has_one_text() -> None:
    """The unused bits at the end of base64 would make other texts of one key, and so one person count for two."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    last = letters.index(ADA[-2])
    other = f"{ADA[:-2]}{letters[last ^ 1]}="
    assert decoded(other.removeprefix("ed25519:")) == decoded(ADA.removeprefix("ed25519:"))
    with pytest.raises(UsageError):
        Verifier.parsed(other)


def test_a_key_that_others_may_read_is_not_used(tmp_path: Path) -> None:
    path = tmp_path / "key"
    PrivateKey.fresh().save(path)
    assert PrivateKey.load(path).verifier == PrivateKey.load_or_create(path).verifier
    path.chmod(0o640)
    with pytest.raises(HomeError, match="chmod 600"):
        PrivateKey.load(path)
    path.write_text("rubbish")
    path.chmod(0o600)
    with pytest.raises(HomeError, match="holds no key"):
        PrivateKey.load(path)


@pytest.mark.parametrize("text", ["", "ed25519:", "ed25519:!!", f"{ADA}AAAA", "keyholder:AAAA", "ed25519:é"])
def test_what_is_no_public_key(text: str) -> None:
    for parse in (Verifier.parsed, KeyholderName.parsed):
        with pytest.raises(GoldseamError):
            parse(text)


def test_the_documented_configuration_is_one(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "keyholder.md").read_text()
    [example] = [part for part in page.split("```yaml\n") if part.startswith("version: 1")]
    text = example.split("```")[0].replace("ed25519:…", ADA, 1).replace("ed25519:…", BEN, 1)
    config = load_config(written(tmp_path, text), clouds())
    assert [rule.approvals for rule in config.rules] == [1, 0]
    for word in KEYS:
        assert f"`{word}" in page, f"docs/keyholder.md does not explain `{word}`"
