"""Everything that a fine-tuning needs before the model's weights, checked as far as possible."""

import json
from array import array
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from xl_alpacaeval_metric.clients.local import weights
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.progress import Progress
from xl_alpacaeval_metric.terminal import counted
from xl_instruct_dataset.train.dataset import select, tokenized_examples
from xl_instruct_dataset.train.dataset import tokenizer as dataset_tokenizer
from xl_instruct_dataset.train.dataset.examples import Example, GroupCounts, TrainingSplit
from xl_instruct_dataset.train.dataset.tokenized_examples import FittedExamples, TokenizedExample
from xl_instruct_dataset.train.dataset.tokenizer import Template
from xl_instruct_dataset.train.finetune import model, trainer
from xl_instruct_dataset.train.settings import Settings


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a training begins with.

    `limit` is the maximum length of a sequence in tokens; `notes` are lines for the user.
    `identity` determines the result; `model_keys` are its keys about the model, the others those of
    the training.
    """

    base: str
    tokenizer: Any
    template: Template
    selected: TrainingSplit
    limit: int
    train: FittedExamples
    held_out: FittedExamples
    notes: tuple[str, ...]
    identity: Mapping[str, object]
    model_keys: frozenset[str]

    def save(self, file: Path) -> None:
        """Write it as JSON, without the tokenizer; see `load`."""
        content = asdict(replace(self, tokenizer=None))
        # Token ids are arrays, and `model_keys` is a set: both become lists.
        file.write_text(json.dumps(content, default=list), encoding="utf-8")


def load(file: Path, settings: Settings) -> Prepared:
    """What `Prepared.save` wrote, with the tokenizer loaded again; the rows are not read again."""
    found = json.loads(file.read_text(encoding="utf-8"))
    selected = found["selected"]
    return Prepared(
        base=found["base"],
        tokenizer=dataset_tokenizer.load(found["base"], settings)[0],
        template=Template(**found["template"]),
        selected=TrainingSplit(
            train=tuple(map(_example, selected["train"])),
            held_out=tuple(map(_example, selected["held_out"])),
            taken={group: GroupCounts(**counts) for group, counts in selected["taken"].items()},
            notes=tuple(selected["notes"]),
        ),
        limit=found["limit"],
        train=_fitted(found["train"]),
        held_out=_fitted(found["held_out"]),
        notes=tuple(found["notes"]),
        identity=found["identity"],
        model_keys=frozenset(found["model_keys"]),
    )


def _example(found: dict[str, Any]) -> Example:
    return Example(**{**found, "prompt": tuple(found["prompt"])})


def _fitted(found: dict[str, Any]) -> FittedExamples:
    examples = tuple(
        TokenizedExample(_example(entry["example"]), array("i", entry["ids"]), entry["prompt_length"])
        for entry in found["examples"]
    )
    return FittedExamples(**{**found, "examples": examples})


def prepare(name: str, settings: Settings, kind: str, processes: int, report: Progress) -> Prepared:
    """Read tokenizer, configuration and data of the model `name`, to train on such a device.

    Raises UserError for bad input, for settings that do not go together or with this model, and
    where no row fits.
    """
    base = model.model_name(name)
    trainer.check(settings, processes)
    tokenizer, template = dataset_tokenizer.load(base, settings)
    config = model.config_of(base)
    model.check(base, config, settings, kind, processes)
    report("reading", 0, 1, "reading the data")
    selected = select.select(settings)
    limit, shortened = _limit(config, settings)
    train = tokenized_examples.fit(selected.train, tokenizer, limit, settings.too_long)
    held_out = tokenized_examples.fit(selected.held_out, tokenizer, limit, settings.too_long)
    if not train.examples:
        raise UserError(_nothing_left(train, limit, settings))
    model.check_tokens(config, max(max(one.ids) for one in (*train.examples, *held_out.examples)))
    found = {"model": base, "model_fingerprint": weights.model_fingerprint(base, config)}
    return Prepared(
        base=base,
        tokenizer=tokenizer,
        template=template,
        selected=selected,
        limit=limit,
        train=train,
        held_out=held_out,
        notes=(*shortened, *template.notes, *selected.notes, *_left_out(train, held_out, settings)),
        identity={
            **found,
            **settings.identity,
            "chat_template_digest": template.digest,
            "data_fingerprint": selected.fingerprint,
        },
        model_keys=frozenset(found),
    )


def _limit(config: Any, settings: Settings) -> tuple[int, list[str]]:
    """The maximum length in tokens, and a line where the model's window is what sets it."""
    window = dataset_tokenizer.window(config)
    if window is not None and window < settings.max_length:
        return window, [f"--max-length {settings.max_length} is more than the model's window: {window} is used"]
    return settings.max_length, []


def _nothing_left(train: FittedExamples, limit: int, settings: Settings) -> str:
    """Why no row is left to train on: too long, or holding what cannot be trained on, or both."""
    dropped, refused = sum(train.dropped.values()), sum(train.refused.values())
    more = ", or --too-long truncate" if settings.too_long == "drop" else ""
    if not refused:
        return f"no row fits --max-length {limit} ({counted(dropped, 'does', 'do')} not); give more{more}"
    long = f"{counted(dropped, 'row does', 'rows do')} not fit --max-length {limit}; give more{more}" if dropped else ""
    reason = next(iter(train.reasons.values()), "")
    odd = f"{counted(refused, 'row')} cannot be trained on (the first: {reason}); mend them, or give other rows"
    return f"no row is left to train on: {'; '.join(filter(None, (odd, long)))}"


def _left_out(train: FittedExamples, held_out: FittedExamples, settings: Settings) -> list[str]:
    dropped, truncated = (
        sum(first.values()) + sum(second.values())
        for first, second in ((train.dropped, held_out.dropped), (train.truncated, held_out.truncated))
    )
    hint = (
        "too long (--too-long truncate would keep them in part)"
        if settings.too_long == "drop"
        else "nothing of the answer would be left of them"
    )
    lines = [f"{counted(dropped, 'row')} dropped: {hint}"] if dropped else []
    lines += [f"{counted(truncated, 'row')} truncated: too long"] if truncated else []
    lines += [
        f"{group}: {counted(count, 'row')} left out, which cannot be trained on ({part.reasons[group]})"
        for part in (train, held_out)
        for group, count in part.refused.items()
    ]
    if shifted := train.shifted + held_out.shifted:
        lines.append(
            f"warning: the chat template renders {counted(shifted, 'prompt')} differently without their answer; "
            "in training the answer begins where the two differ"
        )
    if marked := {**train.marked, **held_out.marked}:
        row, mark = next(iter(marked.items()))
        lines.append(
            f"warning: {counted(len(marked), 'row holds', 'rows hold')} marks of another chat template, "
            "which are trained on as text "
            f"(the first: {mark} in row {row!r})"
        )
    if held_out.dropped and not held_out.examples:
        lines.append("every held-out row is too long: there is no loss of theirs")
    return lines
