"""What looks like a secret among names and values, told by name only: the values themselves go nowhere. Pure.

A value is taken for a secret when it has the form of a well-known kind of key, or when its name says that it is one
and it is no reference to a place where secrets are kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from goldseam.model.values import Json

_SAYS_SO: Final = re.compile(
    r"pass(word|wd|phrase)|(^|[_-])(pass|pwd)$|secret|token|credential|(api|auth|access|private|signing|encryption|ssh)[_-]?key"
    r"|connection[_-]?string|authorization$",
    re.IGNORECASE,
)
_OF_A_SECRET: Final = re.compile(
    r"(^|[_-])(arns?|names?|ids?|paths?|files?|dirs?|ur[li]s?|endpoints?|hosts?|regions?|prefix|suffix|ttl|types?|timeout"
    r"|expir\w*|enabled|length|version|rotation|policy|manager|issuer|audience|bucket|table|stage)$",
    re.IGNORECASE,
)
"""How names end that are about a secret and hold none."""

_REFERS: Final = re.compile(r"arn:|\{\{resolve:|\$\{|\$\.|/|ssm:|secretsmanager:|vault:|kms:|projects/")
_WORDS: Final = frozenset(
    {"true", "false", "yes", "no", "on", "off", "none", "null", "required", "optional", "enabled"}
)
_SHORTEST: Final = 6

_KEYS: Final = re.compile(
    r"\b(AKIA|ASIA)[A-Z0-9]{16}\b|-----BEGIN [A-Z ]*PRIVATE KEY-----|\bgh[pousr]_[A-Za-z0-9]{36}"
    r"|\bgithub_pat_[A-Za-z0-9_]{60}|\bglpat-[\w-]{20}|\bxox[abprs]-[\w-]{10}|\b[sr]k_live_[A-Za-z0-9]{16}"
    r"|\bAIza[\w-]{35}|\bSG\.[\w-]{16,}\.[\w-]{16,}|\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\."
    r"|\b[a-z][a-z0-9+.-]*://[^\s/:@]*:[^\s/@{$]+@",
)
"""Keys that can be told from any other text: of AWS, GitHub, GitLab, Slack, Stripe, Google, SendGrid; private keys,
signed web tokens, addresses with a password in them."""


_BY_NAME: Final = frozenset({"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "ECS_ENGINE_AUTH_DATA"})
"""Names of environment variables that hold keys, or a registry's login, whatever their value (AWS Security Hub User
Guide, CodeBuild.2 and ECS.8)."""


def secret_variable(name: str, value: Json) -> bool:
    """Whether an environment variable is a secret in clear text: by its name alone, or as far as can be told."""
    return name in _BY_NAME or looks_secret(name, value)


def looks_secret(name: str, value: Json) -> bool:
    """Whether a named value is, as far as can be told, a secret in clear text."""
    text = value.strip() if isinstance(value, str) else ""
    if _KEYS.search(text):
        return True
    if not _SAYS_SO.search(name) or _OF_A_SECRET.search(name):
        return False
    return len(text) >= _SHORTEST and text.lower() not in _WORDS and not _REFERS.match(text) and not text.isdigit()


def secret_names(values: Mapping[str, Json]) -> list[str]:
    """The names, in order, whose values look like secrets."""
    return sorted(name for name, value in values.items() if looks_secret(name, value))


def secret_variables(values: Mapping[str, Json]) -> list[str]:
    """The names, in order, of environment variables that are secrets in clear text."""
    return sorted(name for name, value in values.items() if secret_variable(name, value))


def secret_places(document: Json) -> list[str]:
    """The dotted places in a document, in order, whose values look like secrets."""
    return sorted({place for place, name, value in _leaves(document, ()) if looks_secret(name, value)})


def _leaves(document: Json, way: tuple[str, ...]) -> Iterator[tuple[str, str, Json]]:
    if isinstance(document, Mapping):
        for key, item in document.items():
            yield from _leaves(item, (*way, str(key)))
    elif isinstance(document, list):
        for number, item in enumerate(document):
            yield from _leaves(item, (*way, str(number)))
    else:
        yield ".".join(way), way[-1] if way else "", document


def listed(names: Iterable[str]) -> str:
    """Names as a sentence gives them."""
    return ", ".join(f"`{name}`" for name in names)
