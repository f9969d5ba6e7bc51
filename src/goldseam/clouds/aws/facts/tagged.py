"""What tags and names tell of a resource: its environment, its owner, the class of its data.

A tag is only somebody's word, so each fact names the tag that it rests on, and tags that contradict each other, or say
what is not understood, tell nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from goldseam.clouds.aws.services.account_name import ACCOUNT_NAME
from goldseam.control import Answer, OneOf, Surroundings, fact, known
from goldseam.model.values import Unknown

_ENVIRONMENT_KEYS: Final = (
    "environment", "env", "stage", "environmentname", "environmenttype", "envname", "appenv", "deploymentstage",
)  # fmt: skip
_OWNER_KEYS: Final = (
    "owner", "ownedby", "owneremail", "team", "squad", "technicalowner", "productowner", "businessowner",
    "maintainer", "contact", "responsible",
)  # fmt: skip
_CLASS_KEYS: Final = (
    "dataclass", "dataclassification", "classification", "confidentiality", "sensitivity", "datasensitivity",
)  # fmt: skip


def words_of(meanings: Mapping[str, str]) -> dict[str, str]:
    """The meaning of each word, from the words of each meaning."""
    return {word: meaning for meaning, words in meanings.items() for word in words.split()}


_ENVIRONMENTS: Final = words_of(
    {
        "production": "production prod prd live",
        "staging": "staging stage stg preprod preproduction uat acceptance",
        "test": "test testing tst qa integration e2e ci",
        "dev": "dev develop development sandbox sbx playground lab",
    }
)
ENVIRONMENTS: Final = ("dev", "test", "staging", "production")
"""All values of `environment`."""
_CLASSES: Final = words_of(
    {
        "public": "public open",
        "internal": "internal private",
        "confidential": "confidential sensitive",
        "restricted": "restricted secret topsecret pii phi pci gdpr personal",
    }
)
CLASSES: Final = ("public", "internal", "confidential", "restricted")
"""All values of `data_class`."""
_TOGETHER: Final = re.compile(r"\b(pre|non)[-_. ]?(?=prod)")


def bare(text: str) -> str:
    """A tag's key or value without the ways of spelling it: lower case, letters and digits, no namespace."""
    return re.sub(r"[^a-z0-9]", "", re.split(r"[:/]", text.lower())[-1])


def tagged(tags: Mapping[str, str], keys: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The tags whose key is one of the bare keys, in the order of those, as they are spelled."""
    for wanted in keys:
        for key, value in tags.items():
            if bare(key) == wanted and value.strip():
                yield key, value


def _environments(text: str) -> set[str]:
    """The environments that the words of a text name."""
    words = re.split(r"[^a-z0-9]+", _TOGETHER.sub(r"\1", text.lower()))
    return {_ENVIRONMENTS[word] for word in (*words, bare(text)) if word in _ENVIRONMENTS}


@fact("environment", None, OneOf(ENVIRONMENTS), needs={ACCOUNT_NAME: ("alias",)})
def environment(tags: Mapping[str, str], *, around: Surroundings) -> Answer:
    """What the resource is used for: `dev`, `test`, `staging` or `production`.

    A tag such as `environment`, `env` or `stage` says it; without one, a word of the name or of the `Name` tag; without
    that, a word of the account's alias.
    """
    said = [(f"tag `{key}` is `{value}`", _environments(value)) for key, value in tagged(tags, _ENVIRONMENT_KEYS)]
    if not said:
        names = (_name(around.ref.id), tags.get("Name", ""))
        said = [(f"the name `{name}` says so", found) for name in names if (found := _environments(name))]
    if not said:
        said = [
            (f"the account's alias `{name}` says so", found)
            for name in _aliases(around)
            if (found := _environments(name))
        ]
    if not said:
        return Unknown("no tag (environment, env, stage), no word of the name and no account alias tells it")
    told = {name for _, found in said for name in found}
    evidence = [line for line, _ in said]
    if len(told) == 1 and all(found for _, found in said):
        return known(told.pop(), *evidence)
    return Unknown(f"the environment cannot be told from {' and '.join(evidence)}")


def _aliases(around: Surroundings) -> list[str]:
    """The alias of the resource's account, where it has one and it could be read."""
    accounts = around.of(ACCOUNT_NAME)
    if isinstance(accounts, Unknown):
        return []
    held = (account.facets["alias"] for account in accounts if account.ref.account == around.ref.account)
    return [alias for alias in held if isinstance(alias, str)]


def _name(id: str) -> str:
    return id.rpartition("/")[2].rpartition(":")[2]


@fact("owner", None, str)
def owner(tags: Mapping[str, str], *, around: Surroundings) -> Answer:
    """Who answers for the resource, as a tag such as `owner` or `team` says."""
    del around
    for key, value in tagged(tags, _OWNER_KEYS):
        return known(value, f"tag `{key}` is `{value}`")
    return Unknown("no tag (owner, team, contact) names an owner")


@fact("data_class", None, OneOf(CLASSES))
def data_class(tags: Mapping[str, str], *, around: Surroundings) -> Answer:
    """How secret the data is: `public`, `internal`, `confidential` or `restricted`.

    A tag such as `data-classification` says it.
    """
    del around
    return class_by_tags(tags)


def class_by_tags(tags: Mapping[str, str]) -> Answer:
    """The class of the data as tags tell it."""
    said = [(f"tag `{key}` is `{value}`", _CLASSES.get(bare(value))) for key, value in tagged(tags, _CLASS_KEYS)]
    evidence = [line for line, _ in said]
    told = {name for _, name in said}
    if not said:
        return Unknown("no tag (data-class, data-classification, sensitivity) tells the class of the data")
    if len(told) == 1 and (name := told.pop()) is not None:
        return known(name, *evidence)
    return Unknown(f"the class of the data cannot be told from {' and '.join(evidence)}")
