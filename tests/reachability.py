"""What of the program can be reached from where it is entered: every module, and every name at the top of one.

A definition is reached when something that is reached names it. A module's statements are reached with the module, and
a module with whatever imports it. Three things are found without being named, as the program finds them: what a
decorator registers, what stands in a folder whose modules are walked, and what `getattr` names in a text.

Names are resolved through imports, so a name that two modules share does not hide that one of them is dead. Methods and
fields are no matter: a class that is reached is reached whole.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

REGISTERING = frozenset({"control", "fact", "owner_rule", "command", "callback"})
"""Decorators after which the program finds what they stand on by itself."""
WALKING = frozenset({"walk_packages", "iter_modules"})

Node: TypeAlias = tuple[str, str]
"""A module and a name at its top; without the name, the module as a whole."""
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True)
class Module:
    """One file, taken apart: what it defines, what it imports, and what runs when it is imported."""

    name: str
    tree: ast.Module
    package: bool

    @cached_property
    def defined(self) -> Mapping[str, list[ast.stmt]]:
        """The statements that give each name at the top its meaning."""
        found: dict[str, list[ast.stmt]] = {}
        for statement in _top(self.tree.body):
            for name in _names_of(statement):
                found.setdefault(name, []).append(statement)
        return found

    @cached_property
    def imports(self) -> Mapping[str, str]:
        """What each imported name stands for, wherever in the file it is imported."""
        return dict(self._imported(self.tree))

    @cached_property
    def run(self) -> list[ast.AST]:
        """What importing the file runs: its statements, and of definitions only decorators, defaults and bases."""
        found: list[ast.AST] = []
        for statement in _top(self.tree.body):
            if isinstance(statement, _DEFINITIONS):
                found += statement.decorator_list
            elif not _names_of(statement):
                found.append(statement)
        return found

    def loads(self) -> Iterator[str]:
        """The names of what it imports."""
        return (target for _, target in self._imported(self.tree))

    def _imported(self, tree: ast.AST) -> Iterator[tuple[str, str]]:
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield (alias.asname or alias.name.partition(".")[0], alias.name)
            elif isinstance(node, ast.ImportFrom):
                start = self._start(node)
                yield from ((alias.asname or alias.name, f"{start}.{alias.name}") for alias in node.names)

    def _start(self, node: ast.ImportFrom) -> str:
        parts = self.name.split(".")
        parts = parts[: len(parts) - node.level + self.package] if node.level else []
        return ".".join([*parts, *([node.module] if node.module else [])])


@dataclass
class Program:
    """The files of a package; `finds` has the names that the program itself looks for in the modules that it walks."""

    modules: Mapping[str, Module]
    finds: Mapping[str, frozenset[str]] = field(default_factory=dict)
    reached: set[Node] = field(default_factory=set)
    _texts: set[str] = field(default_factory=set)
    _walked: set[str] = field(default_factory=set)

    @classmethod
    def below(cls, folder: Path) -> Program:
        """Every file below a folder, which is the package itself."""
        return cls(dict(_modules(folder)))

    def enter(self, *starts: Node) -> None:
        """Follow everything from here."""
        waiting = list(starts)
        while waiting:
            node = waiting.pop()
            if node in self.reached:
                continue
            self.reached.add(node)
            waiting += self._next(node)

    def dead(self) -> list[str]:
        """What is never reached, as `module` or `module:name`, in order; private names with the others."""
        whole = {name for name in self.modules if (name, "") not in self.reached}
        names = {
            f"{module.name}:{name}"
            for module in self.modules.values()
            if module.name not in whole
            for name in module.defined
            if (module.name, name) not in self.reached and not (name.startswith("__") and name.endswith("__"))
        }
        return sorted(whole | names)

    def _next(self, node: Node) -> Iterator[Node]:
        module = self.modules[node[0]]
        if node[1]:
            yield module.name, ""
            for statement in module.defined[node[1]]:
                yield from self._used(module, statement)
            return
        yield from self._imported(module)
        for part in module.run:
            yield from self._used(module, part)
        yield from ((module.name, name) for name, made in module.defined.items() if any(map(_registered, made)))
        yield from self._found_in(module.name)

    def _imported(self, module: Module) -> Iterator[Node]:
        """The modules that a module loads, with the packages above them."""
        parts = module.name.split(".")
        yield from ((".".join(parts[:end]), "") for end in range(1, len(parts)))
        for target in module.loads():
            yield from ((name, "") for name in (target, target.rpartition(".")[0]) if name in self.modules)

    def _used(self, module: Module, tree: ast.AST) -> Iterator[Node]:
        for written in _references(tree):
            if found := self._resolved(module, written):
                yield found
            if written.rpartition(".")[2] in WALKING:
                yield from self._walk(module)
        for text in _texts(tree):
            if text not in self._texts:
                self._texts.add(text)
                yield from ((name, text) for name in self._walked if text in self.modules[name].defined)
                if text in self.modules:
                    yield text, ""

    def _walk(self, module: Module) -> Iterator[Node]:
        """The modules in the folders that a module walks: those that it imports whole, or its own."""
        folders = {name for name in module.loads() if name in self.modules and self.modules[name].package}
        for folder in folders or {module.name}:
            for name in self.modules:
                if name.startswith(f"{folder}.") and name not in self._walked:
                    self._walked.add(name)
                    yield name, ""
                    yield from self._found_in(name)

    def _found_in(self, name: str) -> Iterator[Node]:
        if name in self._walked:
            known = self._texts | self.finds.get(name, frozenset())
            yield from ((name, item) for item in self.modules[name].defined if item in known)

    def _resolved(self, module: Module, written: str) -> Node | None:
        """What a dotted name means: the definition that it leads to, through any number of imports."""
        first, _, rest = written.partition(".")
        if first in module.defined and first not in module.imports:
            return module.name, first
        target = module.imports.get(first)
        return self._at(f"{target}.{rest}" if rest else target) if target else None

    def _at(self, path: str) -> Node | None:
        """As Python does, what a package defines or imports goes before a module in it that has the same name."""
        start, _, last = path.rpartition(".")
        if (held := self.modules.get(start)) and last in held.defined:
            return start, last
        if held and last in held.imports and held.imports[last] != path:
            return self._at(held.imports[last])
        if path in self.modules:
            return path, ""
        return self._at(start) if start else None


def _modules(folder: Path) -> Iterator[tuple[str, Module]]:
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder.parent).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        yield name, Module(name, ast.parse(path.read_text(encoding="utf-8")), parts[-1] == "__init__")


def _top(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements at the top, with those inside `if` and `try` there."""
    for statement in body:
        if isinstance(statement, (ast.If, ast.Try)):
            parts = [statement.body, statement.orelse, getattr(statement, "finalbody", [])]
            parts += [handler.body for handler in getattr(statement, "handlers", [])]
            for part in parts:
                yield from _top(part)
        else:
            yield statement


def _names_of(statement: ast.stmt) -> list[str]:
    if isinstance(statement, _DEFINITIONS):
        return [statement.name]
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    names = [node.id for target in targets if target for node in ast.walk(target) if isinstance(node, ast.Name)]
    return names if isinstance(statement, (ast.Assign, ast.AnnAssign)) else []


def _registered(statement: ast.stmt) -> bool:
    if not isinstance(statement, _DEFINITIONS):
        return False
    named = (item.func if isinstance(item, ast.Call) else item for item in statement.decorator_list)
    return any(_dotted(item).rpartition(".")[2] in REGISTERING for item in named)


def _references(tree: ast.AST, hidden: frozenset[str] = frozenset()) -> Iterator[str]:
    """The dotted names that a tree reads, but those that its functions bind themselves."""
    if isinstance(tree, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
        outside = [*getattr(tree, "decorator_list", []), *filter(None, [getattr(tree, "returns", None)]), tree.args]
        for node in outside:
            yield from _references(node, hidden)
        hidden |= _bound(tree)
        inside = tree.body if isinstance(tree.body, list) else [tree.body]
        for node in inside:
            yield from _references(node, hidden)
        return
    written = _dotted(tree) if isinstance(getattr(tree, "ctx", None), ast.Load) else ""
    if written and written.partition(".")[0] not in hidden:
        yield written
    if not written:
        for child in ast.iter_child_nodes(tree):
            yield from _references(child, hidden)


def _bound(function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> frozenset[str]:
    """The parameters and the names that a function assigns."""
    arguments = {node.arg for node in ast.walk(function.args) if isinstance(node, ast.arg)}
    body = function.body if isinstance(function.body, list) else [function.body]
    stored = {
        node.id
        for statement in body
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    return frozenset(arguments | stored)


def _dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        start = _dotted(node.value)
        return f"{start}.{node.attr}" if start else ""
    return ""


def _texts(tree: ast.AST) -> Iterator[str]:
    """The names that are looked up in what is no name itself, such as `getattr` does, and what may name a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _dotted(node.func) == "getattr" and len(node.args) > 1:
            yield from (str(item.value) for item in node.args[1:2] if isinstance(item, ast.Constant))
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Call):
            yield node.attr
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("goldseam."):
            yield node.value
