"""No module keeps anything of an account or of a run: what is kept for all of a process is listed here, and why."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

SOURCE: Final = Path(__file__).parents[1] / "src" / "goldseam"

TABLES: Final = {
    "clouds/aws/conditions.py:condition_keys", "clouds/aws/requirements.py:checked",
    "clouds/aws/services/iam/escalation.py:paths", "clouds/aws/services/iam/holder.py:action_resources",
}  # fmt: skip
"""A table that the package ships, read once."""

OF_THE_PROCESS: Final = {
    "cli/masks.py:mask": "equal secrets look equal in all that one command prints",
    "cli/output.py:console": "there is one terminal",
    "clouds/aws/sdk.py:user_agent": "the versions of what is installed",
}
"""What takes no argument and is one for the process."""

BOUNDED: Final = {
    "audit/chain.py:_key": (4, "a public key out of its text: one for a ledger"),
    "clouds/aws/client.py:_python_name": (4096, "an operation of the catalog in the spelling of Python"),
    "clouds/aws/conditions.py:known_key": (4096, "the row of the shipped table for a condition key"),
    "clouds/aws/policy_globs.py:_segments": (20_000, "a pattern of IAM taken apart: every policy is held against many"),
    "clouds/aws/policy_globs.py:glob": (20_000, "a pattern of IAM compiled: every policy is held against many"),
    "clouds/aws/write.py:_service": (16, "the SDK's own model of a service, as it is installed"),
    "control/networks.py:is_world": (4096, "whether a network is the internet: asked of every rule of every group"),
    "model/pattern.py:_compiled": (1024, "a pattern of a user compiled: asked of every finding"),
    "clouds/aws/proving/reference.py:_actions": (
        4096,
        "the actions of an operation in the data of a development package",
    ),
    "clouds/aws/proving/reference.py:_service": (256, "a service in the data of a development package"),
    "store/postgres.py:_translated": (512, "a query of ours with the placeholders of the driver"),
}
"""A pure function of a short text or of what is installed: how many answers it keeps, and what for."""

PLACES: Final = {"ports.py:_ALIVE": "the secrets that are in use, held weakly, so that no traceback shows them"}
"""What a module keeps things in."""

_EMPTY: Final = {"dict", "list", "set", "defaultdict", "OrderedDict", "WeakKeyDictionary", "WeakValueDictionary"}


def _modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(SOURCE.rglob("*.py")):
        yield str(path.relative_to(SOURCE)), ast.parse(path.read_text(encoding="utf-8"))


def _cached() -> Iterator[tuple[str, int | None, bool]]:
    """Each function that memoizes: its place, its bound, and whether it takes anything."""
    for name, tree in _modules():
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                for decorator in node.decorator_list:
                    written = ast.unparse(decorator).removeprefix("functools.")
                    if written.startswith(("cache", "lru_cache")) and not written.startswith("cached"):
                        takes = bool(ast.unparse(node.args))
                        yield f"{name}:{node.name}", _bound(decorator), takes


def _bound(decorator: ast.expr) -> int | None:
    given = decorator.keywords if isinstance(decorator, ast.Call) else []
    return next((ast.literal_eval(item.value) for item in given if item.arg == "maxsize"), None)


def test_what_is_kept_for_a_process_is_listed_with_its_bound() -> None:
    """The mutations: `@cache` on a function of the name of a resource; another bound; a row of what is gone."""
    found = {place: (bound, takes) for place, bound, takes in _cached()}
    assert {place: bound for place, (bound, takes) in found.items() if takes} == {
        place: bound for place, (bound, _) in BOUNDED.items() if _is_there(place)
    }
    listed = {place for place in TABLES | OF_THE_PROCESS.keys() if _is_there(place)}
    assert {place for place, (_, takes) in found.items() if not takes} == listed


def _is_there(place: str) -> bool:
    return (SOURCE / place.partition(":")[0]).exists()


def test_no_module_has_a_place_to_keep_things_in() -> None:
    """The mutation: a module with `_SEEN: dict[str, Json] = {}`, or a function that declares a `global`."""
    found = {
        f"{name}:{_name_of(node)}"
        for name, tree in _modules()
        for node in (*tree.body, *(item for item in ast.walk(tree) if isinstance(item, ast.Global)))
        if isinstance(node, ast.Global) or _is_empty_container(node)
    }
    assert found == PLACES.keys()


def _name_of(node: ast.stmt) -> str:
    target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
    return ast.unparse(target) if target is not None else f"line {node.lineno}"


def _is_empty_container(node: ast.stmt) -> bool:
    """An empty container at the top that is not declared as one that nobody changes."""
    if not isinstance(node, (ast.Assign, ast.AnnAssign)) or node.value is None:
        return False
    if isinstance(node, ast.AnnAssign) and "Mapping[" in ast.unparse(node.annotation).replace("MutableMapping", ""):
        return False
    made = node.value
    called = isinstance(made, ast.Call) and ast.unparse(made.func).rpartition(".")[2] in _EMPTY and not made.args
    empty = (isinstance(made, ast.Dict) and not made.keys) or (isinstance(made, ast.List) and not made.elts)
    return called or empty
