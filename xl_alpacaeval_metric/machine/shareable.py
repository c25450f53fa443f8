"""Settings and messages as they are passed on: no secret, and no folder of this machine.

The folders above a file name its owner, and are nobody else's business; the file's own name stays.
Texts of models and benchmarks are never changed.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from xl_alpacaeval_metric import credentials

_BACKEND = "(?:hf|openai|sglang|vllm)/"
_PART = rf"(?:(?!\+{_BACKEND})[^\s/'\"`,;:|()<>{{}}\[\]=])"
"""Of a path; the next judge of several is none."""
_PATH = re.compile(
    # At the start of a word, or of the model in a judge's specification: openai//home/me/model.
    rf"((?<![^\s'\"`(=\[{{<,;:|])|\b(?:{_BACKEND}|file://))"
    rf"(?:~{_PART}*|\.\.?)?/(?:{_PART}+/)+({_PART}*)"
)
_OF_WINDOWS = re.compile(r"((?<![^\s'\"`(=\[{<,;|]))[A-Za-z]:\\(?:[^\\\s'\"`,;|]+\\)*([^\\\s'\"`,;|]*)")
_OF_HARNESS = re.compile(r"((?<!\w))__[^\s/]*__([^\s/]+)")
"""A model's folder as lm-evaluation-harness names a folder of outputs: __home__me__model."""


def text(line: str) -> str:
    """The line with *** for secrets, and the last part of each path from a root or a home."""
    line = credentials.redact(line)
    for pattern in (_PATH, _OF_WINDOWS, _OF_HARNESS):
        line = pattern.sub(lambda found: found[1] + (found[2] or _last(found[0])), line)
    return line


def value(found: Any) -> Any:
    """Plain JSON with every text and key in it as `text` has it; raises nothing."""
    if isinstance(found, str):
        return text(found)
    if isinstance(found, dict):
        return {text(key): value(part) for key, part in found.items()}
    return [value(part) for part in found] if isinstance(found, list) else found


def places(paths: Sequence[Path]) -> list[str]:
    """The end of each path, as short as tells it from the others; "a/run" and "b/run"."""
    parts = [path.resolve().parts for path in paths]
    found = _ends([[text(part) for part in one] for one in parts])
    if len(set(found)) == len(found):
        return found
    # Outputs of the harness for models in folders of the same name.
    return _ends([[name for part in one for name in _of_model(part)] for one in parts])


def _ends(paths: Sequence[Sequence[str]]) -> list[str]:
    found = []
    for mine in paths:
        depth = 1
        while depth < len(mine) and sum(other[-depth:] == mine[-depth:] for other in paths) > 1:
            depth += 1
        found.append("/".join(mine[-depth:]))
    return found


def _of_model(part: str) -> list[str]:
    """The parts of a model's path where the harness made one of them."""
    return part.strip("_").split("__") if _OF_HARNESS.fullmatch(part) else [part]


def _last(path: str) -> str:
    """The last part of a path that ends in a separator."""
    return re.split(r"[\\/]", path.rstrip("\\/"))[-1]
