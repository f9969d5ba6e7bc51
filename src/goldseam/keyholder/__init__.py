"""The customer's own process: it alone can obtain write access, and gives it for one plan at a time.

The modules, in the order in which a request meets them:

    forms        the exact form of every id and name that comes from outside
    identity     the keys that the parties sign with
    sealed       what only the addressee can open
    message      the signed request and the signed answer
    config       the keyholder's own rules
    chain        an append-only file that shows every change, gap and cut
    journal      what was asked, granted and decided, durable before it counts
    reseal       a damaged or old record, taken over by a person's word
    approval     what an approver signed
    code         one-time codes of the manual mode
    derive       the calls and permissions that a plan really takes
    allow        the keyholder's own allow-list
    hearing      the numbered steps from a request to an answer
    server       the loopback or TLS door
    client       the key source that asks a keyholder
    webhook      the customer's web hook as the source of a rotating code
    commands     `goldseam-keyholder init|trust|show|run|key|release|verify|reseal|rotate`
"""

from __future__ import annotations

from collections.abc import Sequence


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line of the keyholder; the answer is the exit code."""
    from goldseam.keyholder.commands import run_command  # noqa: PLC0415 - keeps the import of the package light

    return run_command(arguments)


main = run
