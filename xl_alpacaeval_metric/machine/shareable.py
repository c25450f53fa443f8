"""Settings and messages as they are passed on: no secret, and no folder of this machine.

The folders above a file name its owner, and are nobody else's business; the file's own name stays.
Texts of models and benchmarks are never changed.
"""

import re
from typing import Any

from xl_alpacaeval_metric import credentials

_PART = r"[^\s/'\"`,;:|()<>{}\[\]=]"
_PATH = re.compile(
    # At the start of a word, or of the model in a judge's specification: openai//home/me/model.
    rf"((?<![^\s'\"`(=\[{{<,;:|])|\b(?:hf|openai|sglang|vllm)/)"
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


def _last(path: str) -> str:
    """The last part of a path that ends in a separator."""
    return re.split(r"[\\/]", path.rstrip("\\/"))[-1]
