"""A traceback never holds key material: not in the error, nor in what led to it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from goldseam.cli import run
from goldseam.cli.tracebacks import formatted, scrubbed
from goldseam.clouds.aws.keys import RotatingCodeSource, typed
from goldseam.clouds.protocol import RotatingRole
from goldseam.model.errors import AccessDenied, GrantRefused
from goldseam.ports import Secret
from tests.keyholder.desk import FakeSts, repair

UUID = "0d9b4c52-3f0e-4f4e-9d52-6f1f3a7c9f10"
CODE = "4f2a9c1e77"
MATERIAL = {
    "external id with a code": f"{UUID}:{CODE}",
    "access key of a user": "AKIAIOSFODNN7EXAMPLE",
    "access key of a session": "ASIAIOSFODNN7EXAMPLE",
    "secret access key": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "session token": "IQoJb3JpZ2luX2VjE" + "aB3/" * 40 + "==",
    "one-time code": "7K3M-XQ2P-0ABC-9ZT4",
}


@pytest.mark.parametrize("material", MATERIAL.values(), ids=MATERIAL.keys())
@pytest.mark.parametrize("around", ["{}", "<Message>no: {}</Message>", "'{}'", '{{"a": "{}"}}', "id={}&x=1", "({})."])
def test_key_material_is_known_by_its_form(material: str, around: str) -> None:
    text = scrubbed(f"a {around.format(material)} z")
    assert material not in text
    assert text.startswith("a ")
    assert text.endswith(" z")


@pytest.mark.parametrize(
    "name", ["ExternalId", "external_id", "SessionToken", "SecretAccessKey", "x-amz-security-token"]
)
@pytest.mark.parametrize("form", ["{}={}", '"{}": "{}"', "<{}>{}</a>", "{}: {}", "'{}': '{}'"])
def test_key_material_is_known_by_its_name(name: str, form: str) -> None:
    assert "s3cr3t" not in scrubbed(form.format(name, "s3cr3t-thing"))


def test_what_is_no_key_material_stays() -> None:
    text = 'File "/usr/lib/python3.11/site-packages/goldseam/clouds/aws/services/s3/bucket.py", line 12, in read'
    hashes = f"p-{'0123456789abcdef' * 2} sha {'a1b2c3d4e5' * 4} {UUID} arn:aws:s3:::lumen-bikes-customer-exports"
    assert scrubbed(f"{text}\n{hashes}") == f"{text}\n{hashes}"


def test_a_secret_that_is_in_use_is_known_whatever_its_form() -> None:
    held = Secret(code="just-words-here")
    assert scrubbed("you typed just-words-here") == "you typed …"
    del held
    assert scrubbed("you typed just-words-here") == "you typed just-words-here"


def fails_with_an_echo() -> None:
    """As a cloud does that repeats what it was given, two errors deep."""
    role = RotatingRole("arn:aws:iam::acc:role/r", UUID)
    echo = AccessDenied(f"User is not authorized with external id {UUID}:{CODE} or {CODE}", code="AccessDenied")
    RotatingCodeSource(FakeSts(failing=echo), {"acc": role}, typed(lambda _: CODE)).key_for(repair().to_json(), [])


def test_errors_that_led_to_an_error_are_scrubbed_too() -> None:
    with pytest.raises(GrantRefused) as refused:
        fails_with_an_echo()
    text = formatted(refused.value)
    assert text.count("Traceback") == 2
    assert "AccessDenied: User is not authorized" in text
    assert CODE not in text


@pytest.mark.parametrize("debug", [True, False])
def test_debug_prints_no_code(debug: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    import goldseam.cli.app as commands  # noqa: PLC0415

    def app(*_: object, **__: object) -> None:
        fails_with_an_echo()

    monkeypatch.setattr(commands, "app", app)
    assert run(["apply", *(["--debug"] if debug else [])]) == 1
    err = capsys.readouterr().err
    assert ("Traceback" in err) is debug
    assert CODE not in err
    assert err.splitlines()[-1].startswith("goldseam: AWS gave no key")


_HOOKS = """
import sys, threading
from goldseam.cli import tracebacks
tracebacks.install()
def fail():
    raise ValueError("ExternalId=abcdefgh")
class Late:
    def __del__(self):
        fail()
if sys.argv[1] == "thread":
    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
elif sys.argv[1] == "late":
    Late()
else:
    fail()
"""


@pytest.mark.parametrize("where", ["thread", "late", "main"])
def test_no_other_way_to_a_traceback_is_open(where: str) -> None:
    done = subprocess.run([sys.executable, "-c", _HOOKS, where], capture_output=True, text=True, check=False)
    assert "ValueError: ExternalId=…" in done.stderr
    assert "abcdefgh" not in done.stderr


_IN_THE_KEYHOLDER = """
import sys
from goldseam.keyholder import commands
def fail(given):
    raise ValueError("secret abcdefgh")
commands._show = fail
sys.exit(commands.run_command(["show"]))
"""


def test_a_keyholder_prints_no_traceback_at_all() -> None:
    done = subprocess.run([sys.executable, "-c", _IN_THE_KEYHOLDER], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == "goldseam-keyholder: a fault in the keyholder itself (ValueError); nothing is granted by it\n"
