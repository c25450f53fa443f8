"""The job as phases: what each reads, who is asked, and what it leaves; each a datatrove pipeline over the same shards."""

import atexit
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from datatrove.data import Document
from datatrove.pipeline.base import PipelineStep

from xl_alpacaeval_metric.clients.openai.protocol import Capabilities
from xl_instruct_dataset.generate.config.settings import Settings
from xl_instruct_dataset.generate.inference import rollouts
from xl_instruct_dataset.generate.inference.prompter import Rollout
from xl_instruct_dataset.generate.inference.runner import StageRunner, end_with_parent
from xl_instruct_dataset.generate.inference.servers import Model, Plan
from xl_instruct_dataset.generate.inference.task_progress import Counter
from xl_instruct_dataset.generate.pipeline.shards import ShardReader, writer
from xl_instruct_dataset.stages.cometkiwi import CometKiwi

SEEDS, CHOSEN, SELECT = "seeds", "chosen", "select"
KnownCapabilities = Mapping[Model, Capabilities | None]
"""Which parameters the endpoints take that were asked before; the others are asked by each task."""


@dataclass(frozen=True, slots=True)
class Phase:
    """A pipeline over all shards: from the folder `reads` to one of its own name. `model` is who it asks, None for nobody."""

    name: str
    reads: str
    steps: Callable[[Path], list[PipelineStep | Callable[..., Any]]]
    model: Model | None = None


@dataclass(frozen=True)
class Apply:
    """A pipeline step that changes each document's metadata, counting as it goes."""

    change: Callable[[dict[str, Any]], None]
    stage: str
    progress: Path

    def __call__(self, data: Iterable[Document], rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        end_with_parent()
        with Counter(self.progress, self.stage, rank) as counter:
            for document in data:
                self.change(document.metadata)
                counter.add()
                yield document


@dataclass(frozen=True)
class ByComet:
    """Chooses by CometKiwi, which runs in an environment of its own."""

    python: str
    model: str

    def __call__(self, metadata: dict[str, Any]) -> None:
        if "rejected" in metadata:
            return
        metadata["chosen"] = {}
        for target, candidates in metadata.get("candidates", {}).items():
            places = rollouts.usable(candidates)
            pairs = [(metadata["response"], candidates[place]["text"]) for place in places]
            scores = comet(self.python, self.model).scores(pairs)
            metadata["chosen"][target] = rollouts.by_scores("cometkiwi", candidates, places, scores if places else [])


def comet(python: str, model: str) -> CometKiwi:
    """One for all shards that this process does, until it ends."""
    return _comet(python, model, os.getpid())


@cache
def _comet(python: str, model: str, _process: int) -> CometKiwi:
    found = CometKiwi(python, model)
    atexit.register(found.close)
    return found


def answer_phases(settings: Settings, known: KnownCapabilities) -> list[Phase]:
    """Write, then score: what happens to every passage. One phase where one model does both."""
    teacher = _model(settings, "teacher", settings.teacher)
    judge = _model(settings, "judge", settings.judge_model)
    write = rollouts.Write(settings.source)
    if not settings.scored:
        return [_asking(settings, known, "write", SEEDS, write, teacher)]
    score = rollouts.Score(settings.source, settings.threshold)
    if judge == teacher:
        both = rollouts.SequentialRollout((write, score), "write-score")
        return [_asking(settings, known, both.name, SEEDS, both, teacher)]
    return [
        _asking(settings, known, "write", SEEDS, write, teacher),
        _asking(settings, known, "score", "write", score, judge),
    ]


def translation_phases(settings: Settings, known: KnownCapabilities) -> list[Phase]:
    """Translate by each translator in turn, then select: what happens to the answers that were kept.

    Nothing where all that is wanted are answers in the source language.
    """
    targets = tuple(target for target in settings.targets if target != settings.source)
    if not targets:
        return []
    phases: list[Phase] = []
    reads, first = CHOSEN, 0
    judge = _model(settings, "judge", settings.judge_model)
    best = rollouts.SelectTranslation(settings.source, settings.seed)
    shares = _shares(settings.candidates, settings.translator_models)
    for number, (spec, share) in enumerate(shares, 1):
        name, model = f"translate-{number}", Model(spec, settings.base_url("translator", number - 1))
        last = number == len(shares)
        by_chrf = last and settings.select == "chrf"
        work: Rollout = rollouts.Translate(
            settings.source, targets, share, first, spec, name, by_chrf, settings.translator_temperatures
        )
        if last and settings.select == "judge" and judge == model:
            both = rollouts.SequentialRollout((work, best), f"{name}-{SELECT}")
            return [*phases, _asking(settings, known, both.name, reads, both, model)]
        phases.append(_asking(settings, known, name, reads, work, model))
        reads, first = name, first + share
    match settings.select:
        case "judge":
            phases.append(_asking(settings, known, SELECT, reads, best, judge))
        case "cometkiwi":
            phases.append(_plain(SELECT, reads, ByComet(settings.comet_python, settings.comet_model)))
    return phases


def answers(settings: Settings) -> str:
    """The folder with the answers and their scores, from which those are chosen that are worth translating."""
    return answer_phases(settings, {})[-1].name


def results(settings: Settings) -> str:
    """The folder with the documents when all phases are over."""
    return ([CHOSEN] + [phase.name for phase in translation_phases(settings, {})])[-1]


def _asking(settings: Settings, known: KnownCapabilities, name: str, reads: str, work: Rollout, model: Model) -> Phase:
    def steps(folder: Path) -> list[PipelineStep | Callable[..., Any]]:
        plan = Plan(
            work=work,
            model=model,
            # By model, so that a phase which asks more at once than another did before finds that one's replies.
            cache=folder / "cache" / hashlib.sha256(model.spec.encode()).hexdigest()[:16],
            progress=folder / "progress",
            concurrency=max(1, settings.concurrency // max(1, settings.workers)),
            temperature=settings.temperature,
            max_tokens=settings.max_tokens,
            reasoning_tokens=settings.reasoning_tokens,
            timeout=settings.timeout,
            gpus=settings.gpus,
            dialect=known.get(model),
        )
        return [ShardReader(folder / reads), StageRunner(plan, writer(folder / name))]

    return Phase(name, reads, steps, model)


def _plain(name: str, reads: str, change: Callable[[dict[str, Any]], None]) -> Phase:
    def steps(folder: Path) -> list[PipelineStep | Callable[..., Any]]:
        return [ShardReader(folder / reads), Apply(change, name, folder / "progress"), writer(folder / name)]

    return Phase(name, reads, steps)


def _model(settings: Settings, role: str, spec: str) -> Model:
    return Model(spec, settings.base_url(role))


def _shares(candidates: int, translators: Sequence[str]) -> list[tuple[str, int]]:
    """How many of the candidates each translator makes, as evenly as it goes."""
    share, more = divmod(candidates, len(translators))
    return [(spec, share + (number < more)) for number, spec in enumerate(translators)]
