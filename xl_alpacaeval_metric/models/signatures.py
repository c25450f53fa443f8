"""The arguments that a backend takes, read in its source: nothing of it is imported or run."""

import ast
import importlib.util
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

Parameters = Mapping[str, str]
"""Name of a parameter -> its annotation, "" without one."""


@cache
def of_class(module: str, name: str) -> Parameters:
    """The parameters of a class's __init__, and of its bases' where it hands keywords on.

    Empty where the source is not found.
    """
    tree = _tree(module)
    found = _definition(tree, name) if tree else None
    if tree is None or found is None:
        return {}
    init = next((part for part in found.body if isinstance(part, ast.FunctionDef) and part.name == "__init__"), None)
    own = _parameters(init) if init else {}
    if init is not None and init.args.kwarg is None:
        return own
    inherited: dict[str, str] = {}
    for base in found.bases:
        if isinstance(base, ast.Name):
            inherited |= of_class(_module_of(tree, base.id) or module, base.id)
    return {**inherited, **own}


@cache
def of_fields(module: str, name: str) -> Parameters:
    """The fields of a dataclass. Empty where the source is not found."""
    tree = _tree(module)
    found = _definition(tree, name) if tree else None
    return {
        part.target.id: ast.unparse(part.annotation)
        for part in (found.body if found else ())
        if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name)
    }


@cache
def of_keywords(module: str, function: str) -> Parameters:
    """The parameters of a function, and the keywords that it takes out of its **kwargs."""
    tree = _tree(module)
    found: dict[str, str] = {}
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.FunctionDef) and node.name == function:
            found |= _parameters(node) | dict.fromkeys(_taken(node), "")
    return found


def _taken(function: ast.FunctionDef) -> Iterator[str]:
    for node in ast.walk(function):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("pop", "get")
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id.endswith("kwargs")
            and node.args
            and isinstance(node.args[0], ast.Constant)
        ):
            yield str(node.args[0].value)


def _parameters(function: ast.FunctionDef) -> dict[str, str]:
    arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    return {
        one.arg: ast.unparse(one.annotation) if one.annotation else ""
        for one in arguments
        if one.arg not in ("self", "cls")
    }


@cache
def _tree(module: str) -> ast.Module | None:
    try:
        root, _, inner = module.partition(".")
        spec = importlib.util.find_spec(root)
    except (ImportError, ValueError):
        return None
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        file = Path(folder, *inner.split(".")).with_suffix(".py")
        if file.is_file():
            return ast.parse(file.read_text("utf-8"))
    return None


def _definition(tree: ast.Module, name: str) -> ast.ClassDef | None:
    return next((node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name), None)


def _module_of(tree: ast.Module, name: str) -> str | None:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and any((alias.asname or alias.name) == name for alias in node.names):
            return node.module
    return None
