"""The plan of a job: its phases in their order, the same for every executor."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from xl_instruct_dataset.generate.config.work_folder import CHOSEN, SEEDS
from xl_instruct_dataset.generate.inference import rollouts
from xl_instruct_dataset.generate.job import Job
from xl_instruct_dataset.generate.pipeline import compare_phase
from xl_instruct_dataset.generate.pipeline.compare_phase import ComparePhase
from xl_instruct_dataset.generate.pipeline.phases import (
    AskPhase,
    CometPhase,
    Export,
    JobPhase,
    SelectAnswers,
    ShardPhase,
)

SELECT = "select"
AnyPhase = ShardPhase | ComparePhase | JobPhase


@dataclass(frozen=True, slots=True)
class Plan:
    """Answers, which of them are translated, their translations, and the rows of the Hub folder."""

    answers: tuple[AskPhase, ...]
    compare_answers: tuple[ComparePhase, ...]
    select_answers: SelectAnswers
    translations: tuple[ShardPhase, ...]
    compare_translations: tuple[ComparePhase, ...]
    export: Export

    @property
    def before_export(self) -> tuple[AnyPhase, ...]:
        """All phases but the last."""
        return (
            *self.answers,
            *self.compare_answers,
            self.select_answers,
            *self.translations,
            *self.compare_translations,
        )

    def __iter__(self) -> Iterator[AnyPhase]:
        return iter((*self.before_export, self.export))


def plan(job: Job) -> Plan:
    """The plan of a job."""
    answers = answer_phases(job)
    translations = translation_phases(job)
    select_answers = SelectAnswers(reads=answers[-1].name)
    export = Export(reads=translations[-1].name if translations else CHOSEN)
    return Plan(
        tuple(answers),
        compare_phase.ahead_of(job, select_answers),
        select_answers,
        tuple(translations),
        compare_phase.ahead_of(job, export),
        export,
    )


def answer_phases(job: Job) -> list[AskPhase]:
    """Write, then score; one phase where one model does both."""
    settings = job.settings
    teacher, judge = job.model("teacher"), job.model("judge")
    write = rollouts.Write(settings.source)
    if not settings.scored:
        return [AskPhase(write, SEEDS, teacher)]
    score = rollouts.Score(settings.source, settings.threshold)
    if judge == teacher:
        return [AskPhase(rollouts.SequentialRollout((write, score), "write-score"), SEEDS, teacher)]
    return [AskPhase(write, SEEDS, teacher), AskPhase(score, write.name, judge)]


def translation_phases(job: Job) -> list[ShardPhase]:
    """Translate by each translator in turn, then select.

    There are none where only the source language is wanted. The judge selects in the phase of the
    last translator where the two are one model.
    """
    settings = job.settings
    if not job.translated_targets:
        return []
    phases: list[ShardPhase] = []
    reads, first = CHOSEN, 0
    shares = _shares(settings.candidates, len(settings.translator_models))
    judge, select = job.model("judge"), rollouts.SelectTranslation(settings.source, settings.seed, SELECT)
    for number, share in enumerate(shares):
        model, last = job.model("translator", number), number == len(shares) - 1
        translate = rollouts.Translate(
            settings.source,
            job.translated_targets,
            share,
            first,
            model.spec,
            name=f"translate-{number + 1}",
            select_by_chrf=last and settings.select == "chrf",
            temperatures=settings.translator_temperatures,
            forms_of_address=settings.form_of_address,
        )
        if last and settings.select == "judge" and judge == model:
            both = rollouts.SequentialRollout((translate, select), f"{translate.name}-{SELECT}")
            return [*phases, AskPhase(both, reads, model)]
        phases.append(AskPhase(translate, reads, model))
        reads, first = translate.name, first + share
    match settings.select:
        case "judge":
            phases.append(AskPhase(select, reads, judge))
        case "cometkiwi":
            phases.append(CometPhase(SELECT, reads))
    return phases


def _shares(candidates: int, translators: int) -> Sequence[int]:
    """How many of the candidates each translator makes, as evenly as possible."""
    share, more = divmod(candidates, translators)
    return [share + (number < more) for number in range(translators)]
