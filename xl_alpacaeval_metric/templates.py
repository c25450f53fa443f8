"""Prompt templates: text files under `prompts/`, filled strictly and in one pass.

A file has sections that open with a line `[system]` or `[user]`, and slots written `{name}`.
Filling replaces every slot once, in one pass over the template only: a value that contains
`{reference}`, Jinja or a section line stays text.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

_SLOT = re.compile(r"\{([a-z_]+)\}")
_SECTION = re.compile(r"^\[(system|user|assistant)\]\n", re.MULTILINE)


class TemplateError(ValueError):
    """A template does not parse, or its slots and the values given for them do not match."""


@dataclass(frozen=True, slots=True)
class Template:
    """A chat prompt with slots; `sha` is the start of the SHA-256 of its text."""

    name: str
    sections: tuple[tuple[str, str], ...]
    sha: str

    @property
    def slots(self) -> frozenset[str]:
        return frozenset(slot for _, body in self.sections for slot in _SLOT.findall(body))

    def fill(self, values: Mapping[str, str]) -> tuple[dict[str, str], ...]:
        """Chat messages with every slot replaced.

        Raises TemplateError unless the values are exactly the slots.
        """
        _check(self.name, self.slots, values)
        return tuple(
            {"role": role, "content": _SLOT.sub(lambda slot: values[slot[1]], body)} for role, body in self.sections
        )


def fill_text(name: str, text: str, values: Mapping[str, str]) -> str:
    """A text without sections, filled like a template.

    Raises TemplateError unless the values are exactly its slots.
    """
    _check(name, frozenset(_SLOT.findall(text)), values)
    return _SLOT.sub(lambda slot: values[slot[1]], text)


def _check(name: str, slots: frozenset[str], values: Mapping[str, str]) -> None:
    if missing := slots - values.keys():
        raise TemplateError(f"template {name}: no value for {', '.join(sorted(missing))}")
    if unknown := values.keys() - slots:
        raise TemplateError(f"template {name}: no slot named {', '.join(sorted(unknown))}")


def parse(name: str, text: str) -> Template:
    """A template from its text; raises TemplateError unless it starts with a section line."""
    parts = _SECTION.split(text)
    if parts[0].strip() or len(parts) < 3:
        raise TemplateError(f"template {name}: must start with a line [system] or [user]")
    sections = tuple((role, body.strip("\n")) for role, body in zip(parts[1::2], parts[2::2], strict=True))
    return Template(name, sections, hashlib.sha256(text.encode()).hexdigest()[:8])


def nonce(*texts: str) -> str:
    """Twelve hex digits for the markers around texts in a prompt.

    The author of the texts cannot know them, and they are the same in every run, so that the reply
    to the prompt can be cached.
    """
    return digest(*texts).hex()[:12]


def digest(*texts: str) -> bytes:
    """The SHA-256 of some texts; unpaired surrogates are allowed."""
    return hashlib.sha256("\x00".join(texts).encode("utf-8", "surrogatepass")).digest()


@cache
def load(name: str, package: str = "xl_alpacaeval_metric") -> Template:
    """The template `prompts/NAME.txt` of a package, by default of this one."""
    return parse(name, (resources.files(package) / "prompts" / f"{name}.txt").read_text(encoding="utf-8"))
