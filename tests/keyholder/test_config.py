"""The keyholder's configuration: strict, and closed where it is silent."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from goldseam.errors import GoldseamError, HomeError, InvalidDocument, UsageError
from goldseam.keyholder import main
from goldseam.keyholder.allow import Rule
from goldseam.keyholder.config import KEYS, load_config
from goldseam.keyholder.identity import KeyholderName, Signer, Verifier
from goldseam.keyholder.setup import set_up, trust

ADA, BEN = (Signer(Ed25519PrivateKey.from_private_bytes(letter * 32)).verifier.text for letter in (b"a", b"b"))
GOOD = f"""\
version: 1
listen: 127.0.0.1:7443
automated: true
accounts:
  "111122223333": arn:aws:iam::111122223333:role/fix
requesters:
  console: {ADA}
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
    config = load_config(written(tmp_path, GOOD))
    assert (config.host, config.port, config.automated) == ("127.0.0.1", 7443, True)
    assert config.rules == (Rule(("111122223333",), ("aws.s3.bucket",), ("*",), ("s3:*",), ("arn:aws:s3:::*",), 1),)
    assert config.state == tmp_path / "state"


@pytest.mark.parametrize(
    ("old", "new", "line", "problem"),
    [
        ("automated: true", "automatted: true", 3, "did you mean `automated`"),
        ("automated: true", "automated: maybe", 3, "`true` or `false`"),
        ("automated: true\n", "", 1, "`automated` is missing"),
        ("version: 1", "version: 2", 1, "version: 1"),
        ("listen: 127.0.0.1:7443", "listen: 0.0.0.0:7443", 2, "reached from outside"),
        ("listen: 127.0.0.1:7443", "listen: example.org:7443", 2, "reached from outside"),
        ("listen: 127.0.0.1:7443", "listen: 7443", 2, "an address and a port"),
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
        ("arn:aws:iam::111122223333:role/fix", "arn:aws:iam::999:role/fix", 5, "role in account"),
        ("version: 1", "version: [", None, "is not YAML"),
        ("version: 1", "- version", None, "is not YAML"),
    ],
)
def test_a_fault_names_its_line(tmp_path: Path, old: str, new: str, line: int | None, problem: str) -> None:
    assert old in GOOD
    with pytest.raises(InvalidDocument, match=problem) as refused:
        load_config(written(tmp_path, GOOD.replace(old, new, 1)))
    assert line is None or refused.value.line == line


@pytest.mark.parametrize("text", ["", "# nothing\n", "7\n", "- 1\n"])
def test_what_is_no_configuration(tmp_path: Path, text: str) -> None:
    with pytest.raises(InvalidDocument):
        load_config(written(tmp_path, text))


def test_a_new_keyholder_allows_nothing_until_it_is_told(tmp_path: Path) -> None:
    config = set_up(tmp_path / "kh", {"111122223333": "arn:aws:iam::111122223333:role/fix"})
    assert (config.rules, config.requesters, config.automated) == ((), {}, False)
    with pytest.raises(HomeError, match="exists"):
        set_up(tmp_path / "kh", {"111122223333": "arn:aws:iam::111122223333:role/fix"})


def test_trusting_keeps_the_rest_of_the_file(tmp_path: Path) -> None:
    path = set_up(tmp_path, {"111122223333": "arn:aws:iam::111122223333:role/fix"}).path
    before = path.read_text().splitlines()
    trust(path, "requester", "console", Verifier(ADA))
    config = trust(path, "requester", "second", Verifier(BEN))
    config = trust(path, "approver", "ada", Verifier(BEN))
    assert {name: key.text for name, key in config.requesters.items()} == {"console": ADA, "second": BEN}
    assert {name: key.text for name, key in config.approvers.items()} == {"ada": BEN}
    after = path.read_text().splitlines()
    gone = [line for line in before if line not in after]
    assert gone == ["requesters: {}", "approvers: {}"]
    kept = path.read_text()
    for name, key in (("console", BEN), ("third", ADA), ("a: b", Signer.fresh().verifier.text)):
        with pytest.raises(UsageError):
            trust(path, "requester", name, Verifier(key))
    assert path.read_text() == kept


def test_the_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(tmp_path / "kh" / "rules.yaml")
    assert main(["--config", path, "init", "--account", "111122223333=arn:aws:iam::111122223333:role/fix"]) == 0
    name = capsys.readouterr().out.split()[-1]
    assert KeyholderName.parsed(name).text == name
    assert main(["--config", path, "trust", "requester", "console", ADA]) == 0
    capsys.readouterr()
    assert main(["--config", path, "key", "p-0123456789abcdef"]) == 0
    code = capsys.readouterr().out.split()
    assert main(["--config", path, "key", "nonsense"]) == 2
    assert main(["--config", path, "release", "p-0123456789abcdef"]) == 1
    capsys.readouterr()
    assert main(["--config", path, "show"]) == 0
    shown = capsys.readouterr().out
    assert name in shown
    assert Verifier(ADA).fingerprint in shown
    assert code[0] not in shown
    assert main(["--config", str(tmp_path / "missing.yaml"), "show"]) == 2
    assert "cannot be read" in capsys.readouterr().err


def test_a_key_that_others_may_read_is_not_used(tmp_path: Path) -> None:
    path = tmp_path / "key"
    Signer.fresh().save(path)
    assert Signer.load(path).verifier == Signer.load_or_create(path).verifier
    path.chmod(0o640)
    with pytest.raises(HomeError, match="chmod 600"):
        Signer.load(path)
    path.write_text("rubbish")
    path.chmod(0o600)
    with pytest.raises(HomeError, match="holds no key"):
        Signer.load(path)


@pytest.mark.parametrize("text", ["", "ed25519:", "ed25519:!!", f"{ADA}AAAA", "keyholder:AAAA", "ed25519:é"])
def test_what_is_no_public_key(text: str) -> None:
    for parse in (Verifier.parsed, KeyholderName.parsed):
        with pytest.raises(GoldseamError):
            parse(text)


def test_the_documented_configuration_is_one(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "keyholder.md").read_text()
    [example] = [part for part in page.split("```yaml\n") if part.startswith("version: 1")]
    text = example.split("```")[0].replace("ed25519:…", ADA, 1).replace("ed25519:…", BEN, 1)
    config = load_config(written(tmp_path, text))
    assert [rule.approvals for rule in config.rules] == [1, 0]
    for word in KEYS:
        assert f"`{word}" in page, f"docs/keyholder.md does not explain `{word}`"
