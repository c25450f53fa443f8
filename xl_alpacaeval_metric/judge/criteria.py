"""Criteria: an answer rated by itself, on five levels with written anchors, all criteria in one request."""

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from xl_alpacaeval_metric import languages, templates
from xl_alpacaeval_metric.clients.base import Client, Failure, Reply, Request
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.records import Comparison, CriterionScore, Rating
from xl_alpacaeval_metric.stats import win_rates

LEVELS = (1, 2, 3, 4, 5)
_DECODER = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class Criterion:
    """What is rated, and what an answer on each of LEVELS is like; `name` is the key in the judge's reply."""

    name: str
    definition: str
    anchors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rubric:
    """Criteria that are asked for together; `load` makes one."""

    criteria: tuple[Criterion, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(criterion.name for criterion in self.criteria)

    @property
    def sha(self) -> str:
        """Eight hex digits of the SHA-256 of the criteria and of the prompt around them."""
        parts = [templates.load("criteria").sha, [asdict(criterion) for criterion in self.criteria]]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:8]

    @property
    def schema(self) -> dict[str, object]:
        """The JSON schema of a reply."""
        return {
            "type": "object",
            "properties": {name: {"type": "integer", "enum": list(LEVELS)} for name in self.names},
            "required": list(self.names),
            "additionalProperties": False,
        }

    def request(self, instruction: str, answer: str, language: str) -> Request:
        """The prompt that asks for the levels of one answer; `language` is the code of the language asked for.

        Raises UserError for an unknown language.
        """
        messages = templates.load("criteria").fill(
            {
                "language": languages.get(language).name,
                "instruction": instruction,
                "answer": answer,
                "criteria": "\n\n".join(map(_described, self.criteria)),
                "form": "{" + ", ".join(f'"{name}": LEVEL' for name in self.names) + "}",
                "nonce": templates.nonce(instruction, answer),
            }
        )
        # A name takes at most a token a byte; the rest is for its level, a code fence and a sentence before it.
        room = 64 + sum(16 + len(name.encode()) for name in self.names)
        return Request(messages=messages, max_tokens=room, json_schema=self.schema)

    def parse(self, text: str) -> dict[str, int] | None:
        """The level of each criterion in the reply's first JSON object, None unless it has all of them, as integers 1 to 5.

        What stands around the object (thoughts, a code fence, prose) and other keys in it are passed over.
        """
        found = _first_object(text.rpartition("</think>")[2])
        levels = {name: found[name] for name in self.names if type(found.get(name)) is int and found[name] in LEVELS}
        return levels if len(levels) == len(self.names) else None

    def as_dict(self) -> dict[str, object]:
        """The content of a file that `load` makes the same rubric of."""
        return {
            "criteria": [
                {
                    "name": criterion.name,
                    "definition": criterion.definition,
                    "levels": {str(level): anchor for level, anchor in zip(LEVELS, criterion.anchors, strict=True)},
                }
                for criterion in self.criteria
            ]
        }


def load(path: str | Path | None = None) -> Rubric:
    """The rubric in a YAML file; without one precision, informativeness, naturalness and objectivity.

    The file holds a list `criteria`, each with `name` (an identifier), `definition` and `levels` (1 to 5, a text each).
    Raises UserError, in one line with the file and the problem, for anything else.
    """
    bundled = resources.files("xl_alpacaeval_metric") / "data" / "criteria.yaml"
    source = bundled if path is None else Path(os.path.expanduser(path))
    try:
        content = yaml.load(source.read_text(encoding="utf-8"), Loader=_Loader)
    except FileNotFoundError:
        raise UserError(f"{path}: no such file") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise UserError(f"{path}: not UTF-8 text") from None
    except RecursionError:
        raise UserError(f"{path}: nested too deeply") from None
    except yaml.YAMLError as error:
        raise UserError(f"{path}: not YAML: {' '.join(str(error).split())}") from None
    return _rubric(content, str(path))


def rate(
    comparisons: Sequence[Comparison],
    client: Client,
    rubric: Rubric,
    *,
    made: Iterable[Rating] = (),
    on_rating: Callable[[Rating], None] | None = None,
) -> list[Rating]:
    """One rating for the prediction of each comparison, in their order.

    `made` are ratings from before: the `finished` ones are not asked for again. `on_rating` is called with each new one as
    it comes in. Raises what the client's `complete` raises.
    """
    ratings = finished(made, rubric)
    asked = [item for item in comparisons if item.key not in ratings]
    requests = [rubric.request(item.instruction, item.prediction, item.language) for item in asked]
    for index, reply in client.complete(requests, is_usable=lambda c: rubric.parse(c.text) is not None):
        rating = _rating(asked[index], reply, rubric)
        ratings[asked[index].key] = rating
        if on_rating is not None:
            on_rating(rating)
    return [ratings[item.key] for item in comparisons]


def finished(ratings: Iterable[Rating], rubric: Rubric) -> dict[tuple[str, str], Rating]:
    """Of these ratings the ones by this rubric that have scores, by (id, language)."""
    return {(r.id, r.language): r for r in ratings if r.scores is not None and r.rubric == rubric.sha}


def summary(ratings: Sequence[Rating], rubric: Rubric) -> dict[str, CriterionScore]:
    """For each criterion the mean level with its 95% interval, from `stats.bootstrap_interval` over prompts.

    The same prompt in several languages is one draw; ratings without scores are left out and counted.
    """
    prompts = [rating.id for rating in ratings]
    found = {}
    for name in rubric.names:
        levels = [rating.scores[name] for rating in ratings if rating.scores is not None]
        # The bootstrap is of means of [0, 1], in percent; levels are that on another scale.
        shares = [None if rating.scores is None else (rating.scores[name] - 1) / 4 for rating in ratings]
        low, high = win_rates.bootstrap_interval(shares, prompts, seed=0)
        found[name] = CriterionScore(
            mean=sum(levels) / len(levels) if levels else None,
            ci95=None if low != low else (1 + low / 25, 1 + high / 25),
            n=len(levels),
            n_missing=len(ratings) - len(levels),
        )
    return found


class _Loader(yaml.BaseLoader):
    """Every scalar is text, as it stands (no `yes` that turns true), and a key that stands twice is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if str(key.value) in seen:
                raise yaml.MarkedYAMLError(problem=f"{key.value!r} stands twice", problem_mark=key.start_mark)
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)


def _rubric(content: object, file: str) -> Rubric:
    entries = content.get("criteria") if isinstance(content, dict) else None
    if not isinstance(entries, list) or not entries:
        raise UserError(f'{file}: no criteria; need a list "criteria", each with name, definition and levels')
    if isinstance(content, dict) and (unknown := content.keys() - {"criteria"}):
        raise UserError(f"{file}: unknown key {sorted(unknown)[0]!r} beside criteria")
    criteria = tuple(_criterion(entry, f"{file}: criterion {number}") for number, entry in enumerate(entries, 1))
    names = [criterion.name for criterion in criteria]
    for name in names:
        if names.count(name) > 1:
            raise UserError(f"{file}: criterion {name!r} stands {names.count(name)} times")
    return Rubric(criteria)


def _criterion(entry: object, where: str) -> Criterion:
    if not isinstance(entry, Mapping):
        raise UserError(f"{where}: is not name, definition and levels")
    name = entry.get("name")
    if not isinstance(name, str) or not name.isidentifier():
        raise UserError(f"{where}: name {name!r} is no identifier (letters, digits and _ only), such as precision")
    where = f"{where} ({name})"
    if unknown := entry.keys() - {"name", "definition", "levels"}:
        raise UserError(f"{where}: unknown key {sorted(unknown)[0]!r}; there are name, definition and levels")
    levels = entry.get("levels")
    levels = levels if isinstance(levels, Mapping) else {}
    wanted = [str(level) for level in LEVELS]
    if missing := [level for level in wanted if level not in levels]:
        raise UserError(f"{where}: no level {', '.join(missing)}; need a text for each of 1 to 5 under levels")
    if unknown := levels.keys() - set(wanted):
        raise UserError(f"{where}: unknown level {sorted(unknown)[0]!r}; there are 1 to 5")
    anchors = tuple(_text(levels[level], f"{where}: level {level}") for level in wanted)
    return Criterion(name, _text(entry.get("definition"), f"{where}: definition"), anchors)


def _text(value: object, where: str) -> str:
    if not isinstance(value, str | None):
        raise UserError(f"{where} is no text; need a sentence")
    if not value or value.isspace():
        raise UserError(f"{where} is empty; need a sentence")
    return " ".join(value.split())


def _described(criterion: Criterion) -> str:
    anchors = (f"  {level}: {anchor}" for level, anchor in zip(LEVELS, criterion.anchors, strict=True))
    return "\n".join([f"{criterion.name}: {criterion.definition}", *anchors])


def _first_object(text: str) -> dict[str, Any]:
    start = text.find("{")
    while start >= 0:
        try:
            found: dict[str, Any] = _DECODER.raw_decode(text, start)[0]
            return found
        except (ValueError, RecursionError):
            start = text.find("{", start + 1)
    return {}


def _rating(comparison: Comparison, reply: Reply, rubric: Rubric) -> Rating:
    if isinstance(reply, Failure):
        return Rating(*comparison.key, None, reason=reply.reason, retries=reply.retries, rubric=rubric.sha)
    scores = rubric.parse(reply.text)
    return Rating(
        *comparison.key,
        scores,
        reason=f"no levels in the reply {reply.text[:40]!r}" if scores is None else None,
        raw=reply.text,
        prompt_tokens=reply.prompt_tokens,
        completion_tokens=reply.completion_tokens,
        retries=reply.retries,
        cached=reply.cached,
        rubric=rubric.sha,
    )
