"""The tokenizer, its chat template, and the tokens of each example."""

import hashlib
from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

from xl_alpacaeval_metric.errors import UserError, first_line
from xl_instruct_dataset.train.dataset.examples import Example
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


@dataclass(frozen=True, slots=True)
class TokenizedExample:
    """An example as token ids: the first `prompt_length` are the prompt, the rest the answer."""

    example: Example
    ids: "array[int]"
    prompt_length: int


@dataclass(frozen=True, slots=True)
class FittedExamples:
    """The examples that fit, the tokens in them, and the rest counted by group.

    Too long ones were `dropped` or will be `truncated` by the trainer. `refused` are rows of a
    mixed set that the chat template or the tokenizer does not take, `reasons` the first reason of
    each group. In `shifted` examples the prompt alone renders differently than with its answer; the
    answer begins where the two differ.
    """

    examples: tuple[TokenizedExample, ...]
    tokens: int
    dropped: Mapping[str, int] = field(default_factory=dict)
    truncated: Mapping[str, int] = field(default_factory=dict)
    refused: Mapping[str, int] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    shifted: int = 0


def load(model: str, settings: Settings) -> tuple[Any, Template]:
    """The tokenizer with the chat template that the settings ask for.

    The special token that ends an answer becomes its end-of-sequence token. Raises UserError where
    the tokenizer cannot be loaded, and for a template that is missing or does not work.
    """
    from transformers import AutoTokenizer

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


def fit(examples: Sequence[Example], tokenizer: Any, limit: int, too_long: str) -> FittedExamples:
    """Tokenize the examples and keep those of at most `limit` tokens.

    With `too_long` "truncate", longer ones that keep part of the answer stay, not truncated yet.
    Raises UserError that names the row of a language pair which the chat template or the tokenizer
    does not take.
    """
    from jinja2 import TemplateError

    kept, total, shifted = [], 0, 0
    dropped: Counter[str] = Counter()
    truncated: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    reasons: dict[str, str] = {}
    for example in examples:
        try:
            whole = _tokens(tokenizer, [*example.prompt, {"role": "assistant", "content": example.completion}])
            if len(whole) > limit and too_long == "drop":
                dropped[example.group] += 1
                continue
            prompt = _tokens(tokenizer, list(example.prompt), prompt=True)
        except (
            TemplateError,
            TypeError,
            ValueError,
        ) as error:  # A rule of the template for roles, or an unpaired surrogate.
            if not example.mixed:
                raise UserError(
                    f"{example.group} row {example.id!r}: the chat template or the tokenizer does not take it "
                    f"({first_line(error)}); mend it, leave it out, or give another --chat-template"
                ) from None
            refused[example.group] += 1
            reasons.setdefault(example.group, first_line(error))
            continue
        if len(whole) > limit:
            if len(prompt) >= limit:
                dropped[example.group] += 1
                continue
            truncated[example.group] += 1
        shared = _common_prefix(prompt, whole)
        shifted += shared < len(prompt)
        kept.append(TokenizedExample(example, array("i", whole), shared))
        total += min(len(whole), limit)
    return FittedExamples(tuple(kept), total, dict(dropped), dict(truncated), dict(refused), reasons, shifted)


def window(config: Any) -> int | None:
    """The model's context window in tokens; None where its configuration does not say."""
    text = config.get_text_config() if hasattr(config, "get_text_config") else config
    found = getattr(text, "max_position_embeddings", None) or getattr(text, "n_positions", None)
    return int(found) if found else None


def _common_prefix(first: Sequence[int], second: Sequence[int]) -> int:
    """How many tokens the two have in common at their beginning."""
    pairs = enumerate(zip(first, second, strict=False))
    return next((place for place, (one, other) in pairs if one != other), min(len(first), len(second)))


def _tokens(tokenizer: Any, chat: Sequence[Mapping[str, str]], *, prompt: bool = False) -> list[int]:
    found = tokenizer.apply_chat_template(chat, add_generation_prompt=prompt, tokenize=True, return_dict=True)
    return list(found["input_ids"])


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
