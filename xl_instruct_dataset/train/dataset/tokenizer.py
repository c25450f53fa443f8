"""The tokenizer and its chat template."""

import hashlib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from xl_alpacaeval_metric.errors import UserError, first_line
from xl_alpacaeval_metric.machine import hub_connection
from xl_instruct_dataset.train.settings import Settings

PLAIN = "plain"
_PROBE = (({"role": "user", "content": "Question."},), "Answer.")


@dataclass(frozen=True, slots=True)
class Template:
    """The chat template in use: its source (own, plain or a file's name) and how an answer ends.

    `end` is the special token that ends an answer, None where there is none; `moves_end` says
    whether it replaces the tokenizer's end-of-sequence token. `own` says whether the model brought
    a template; `digest` is the beginning of the SHA-256 of the one in use.
    """

    source: str
    end: str | None
    moves_end: bool
    own: bool
    digest: str

    @property
    def notes(self) -> list[str]:
        """What the user must know about it, in lines."""
        lines = []
        if self.source == PLAIN and not self.own:
            lines.append(
                "the tokenizer has no chat template: the plain one of xl-suite is used, and saved with the model"
            )
        elif self.source not in (PLAIN, "own"):
            lines.append(f"chat template: {self.source}, saved with the model")
        if self.end is None:
            lines.append(
                "warning: by the chat template an answer ends in no special token, so the model may not learn to stop"
            )
        return lines


def load(model: str, settings: Settings) -> tuple[Any, Template]:
    """The tokenizer with the chat template that the settings ask for.

    The special token that ends an answer becomes its end-of-sequence token. Raises UserError where
    the tokenizer cannot be loaded, and for a template that is missing or does not work.
    """
    from transformers import AutoTokenizer

    if not Path(model).is_dir():
        hub_connection.may_be_asked()
    try:
        tokenizer = AutoTokenizer.from_pretrained(model, trust_remote_code=False)
    except Exception as error:  # A damaged file may be an error of any of the libraries below.
        raise UserError(f"{model}: its tokenizer cannot be loaded ({first_line(error)})") from None
    own, asked = tokenizer.chat_template is not None, settings.chat_template
    source = asked
    if asked == "own" and not own:
        raise UserError(
            f"{model}: its tokenizer has no chat template; give --chat-template FILE, or plain for xl-suite's"
        )
    if asked == "auto":
        source = "own" if own else PLAIN
    if source == PLAIN:
        if tokenizer.eos_token is None:
            raise UserError(f"{model}: its tokenizer has no end-of-sequence token; give --chat-template FILE with one")
        tokenizer.chat_template = (resources.files(__package__) / "plain.jinja").read_text(encoding="utf-8")
    elif source != "own":
        tokenizer.chat_template = _file(source)
        source = Path(source).name
    end = _end(tokenizer, f"{model}: chat template {source}")
    moves_end = end is not None and end != tokenizer.eos_token
    if moves_end:
        tokenizer.eos_token = end
    digest = hashlib.sha256(str(tokenizer.chat_template).encode()).hexdigest()[:12]
    return tokenizer, Template(source, end, moves_end, own, digest)


def window(config: Any) -> int | None:
    """The model's context window in tokens; None where its configuration does not say."""
    text = config.get_text_config() if hasattr(config, "get_text_config") else config
    found = getattr(text, "max_position_embeddings", None) or getattr(text, "n_positions", None)
    return int(found) if found else None


def _file(name: str) -> str:
    try:
        return Path(name).expanduser().read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"--chat-template {name}: {error.strerror}; give auto, own, plain or a Jinja file") from None
    except UnicodeDecodeError:
        raise UserError(f"--chat-template {name}: not UTF-8 text") from None


def _end(tokenizer: Any, name: str) -> str | None:
    """The special token that an answer ends in.

    Raises UserError for a template that does not render question and answer.
    """
    from jinja2 import TemplateError

    turns, answer = _PROBE
    try:
        asked = tokenizer.apply_chat_template(list(turns), add_generation_prompt=True, tokenize=False)
        whole = tokenizer.apply_chat_template([*turns, {"role": "assistant", "content": answer}], tokenize=False)
    except (TemplateError, TypeError, ValueError) as error:
        raise UserError(f"{name} does not work: {first_line(error)}") from None
    if "Question." not in asked or answer not in whole:
        raise UserError(f"{name} leaves out the question or the answer; give --chat-template FILE with a chat template")
    rest = whole.rpartition(answer)[2].strip()
    special = [
        str(token)
        for token in (tokenizer.eos_token, *tokenizer.all_special_tokens, *tokenizer.get_added_vocab())
        if token
    ]
    return next((token for token in special if rest.startswith(token)), None)
