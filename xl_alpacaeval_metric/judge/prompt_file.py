"""The judge's prompt: the present one, an earlier version's, or a file of one's own."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from xl_alpacaeval_metric import templates
from xl_alpacaeval_metric.errors import UserError, need
from xl_alpacaeval_metric.templates import Template

EARLIER = ("0.1",)
"""Versions of the package whose prompts differ from the present one."""
REQUIRED = frozenset(("instruction", "answer_a", "answer_b"))
OPTIONAL = frozenset(("language", "nonce"))
_NAMED = re.compile(r"\{( *[A-Za-z_]\w* *)\}")
"""What looks like a slot: a name in braces."""


def load(prompt: str | os.PathLike[str] | None = None) -> Template:
    """The present prompt, that of an earlier version ("0.1"), or the template in a file.

    A file has sections that open with a line [system] or [user], and slots {instruction},
    {answer_a}, {answer_b}, and where wanted {language} (its English name) and {nonce} (a code for
    markers around the texts, which no answer can know). It has to ask for A or B. Raises UserError
    with the file and the problem.
    """
    if prompt is None:
        return templates.load("judge")
    if str(prompt) in EARLIER:
        return templates.load(f"judge-{prompt}")
    file = Path(os.path.expanduser(prompt))
    try:
        text = file.read_text("utf-8-sig")
    except FileNotFoundError:
        raise UserError(
            f"judge prompt {file}: no such file; give a file, or the version {' or '.join(EARLIER)}"
        ) from None
    except OSError as error:
        raise UserError(f"judge prompt {file}: cannot be read ({error.strerror}){need(error)}") from None
    except UnicodeDecodeError:
        raise UserError(f"judge prompt {file}: cannot be read; it is no UTF-8 text") from None
    try:
        template = templates.parse(file.name, text)
    except templates.TemplateError as error:
        raise UserError(f"judge prompt {file}: {error}") from None
    if missing := REQUIRED - template.slots:
        raise UserError(f"judge prompt {file}: has no slot {_slots(missing)}; need {_slots(REQUIRED)}")
    # Slots are lower-case: others, such as {Language}, would be asked as they stand.
    named = frozenset(name for _, body in template.sections for name in _NAMED.findall(body))
    if unknown := named - REQUIRED - OPTIONAL:
        raise UserError(f"judge prompt {file}: unknown slot {_slots(unknown)}; there are {_slots(REQUIRED | OPTIONAL)}")
    return template


def fill(template: Template, values: Mapping[str, str]) -> tuple[dict[str, str], ...]:
    """The messages of a prompt, which may do without the optional slots."""
    return template.fill({slot: value for slot, value in values.items() if slot in template.slots})


def version_of(sha: object) -> str | None:
    """The earlier version whose prompt has this hash; None where none has."""
    return next((version for version in EARLIER if templates.load(f"judge-{version}").sha == sha), None)


def _slots(names: frozenset[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in sorted(names))
