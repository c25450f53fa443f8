"""The Hub folder that the finished rows are put into, and its card."""

from collections.abc import Iterator
from pathlib import Path

from xl_alpacaeval_metric import languages, templates
from xl_alpacaeval_metric.files.parquet import Written
from xl_alpacaeval_metric.hub import card_text
from xl_alpacaeval_metric.hub import folder as hub_folder
from xl_alpacaeval_metric.terminal import counted
from xl_instruct_dataset.generate.config import form_of_address
from xl_instruct_dataset.generate.config.settings import Settings
from xl_instruct_dataset.generate.job import Job
from xl_instruct_dataset.generate.selection import rows
from xl_instruct_dataset.generate.selection.rows import Row
from xl_instruct_dataset.generate.selection.tally import Tally
from xl_instruct_dataset.hub import card, parquet
from xl_instruct_dataset.quality import filters
from xl_instruct_dataset.records import Provenance, TrainingRow
from xl_instruct_dataset.sources import licence
from xl_instruct_dataset.stages import PACKAGE, row, score, translate


def export(job: Job, tally: Tally) -> dict[str, Written]:
    """Write the Hub folder, with a configuration for each language that has rows, if any has."""
    pairs = {f"{job.settings.source}-{target}": target for target in job.settings.targets if tally.rows[target]}
    if not pairs:
        return {}
    with hub_folder.replaced(job.output) as folder:
        written = {pair: parquet.write(_rows(job, target), folder / pair) for pair, target in pairs.items()}
        (folder / hub_folder.CARD).write_text(card.text(about(job, tally), written), encoding="utf-8")
        hub_folder.verified(folder)
    return written


def about(job: Job, tally: Tally) -> card.About:
    """How the data was made, for its card."""
    settings = job.settings
    translators = ", ".join(f"`{spec}`" for spec in settings.translator_models)
    selectors = [settings.comet_model] if settings.select == "cometkiwi" else []
    judges = [settings.judge_model] if settings.scored else []
    restricted = row.non_commercial([settings.teacher, *judges, *settings.translator_models, *selectors])
    origin = (
        f"From {tally.passages:,} passages of {card_text.code(_seeds_name(settings))} (licence: {card_text.cell(settings.seed_license)}). "
        f"`{settings.teacher}` wrote an instruction for each passage and the response to it; {_scoring(settings)}; "
        f"{translators} made {settings.candidates} translations of each{_temperatures(settings)}, of which one was chosen "
        f"by {settings.select}. Rows in a wrong language, of odd length, repeating themselves, with the model's talk in "
        "them, near-duplicates, and rows that overlap with a benchmark "
        f"({', '.join(tally.benchmarks) or 'none checked'}) were dropped."
    )
    limits = " ".join(
        [
            "Written and translated by models; no person has read all rows.",
            *form_of_address.lines(settings.form_of_address),
            *cautions(settings),
        ]
    )
    if restricted:
        limits += (
            f" Made with {', '.join(f'`{name}`' for name in restricted)}, whose terms do not allow commercial use."
        )
    return card.About(job.output.name, "XL-Instruct, generated", settings.license, origin, limits)


def _seeds_name(settings: Settings) -> str:
    """The file's or folder's name, without its path, which is private; or the Hub dataset's id."""
    path = Path(settings.seeds).expanduser()
    return path.resolve().name if path.exists() else settings.seeds


def _scoring(settings: Settings) -> str:
    if not settings.scored:
        return "Nobody scored the responses"
    return (
        f"`{settings.judge_model}` scored the responses by precision, informativeness, naturalness and objectivity, and "
        + (f"the {settings.keep_best} best " if settings.keep_best else "those ")
        + (f"with a mean of at least {settings.threshold:g} went on" if settings.threshold > 1 else "went on")
    )


def _temperatures(settings: Settings) -> str:
    found = ", ".join(f"{one:g}" for one in settings.translator_temperatures)
    return f" (at temperatures {found})" if found else ""


def cautions(settings: Settings) -> list[str]:
    """What the filters cannot check, a sentence each."""
    return [
        f"The language identifier does not know {languages.get(target).name} (`{target}`): whether rows are in it was not checked."
        for target in settings.targets
        if filters.unscored(target)
    ]


def _rows(job: Job, target: str) -> Iterator[TrainingRow]:
    for found in rows.read(job.work, target):
        yield _training_row(job.settings, found, target)


def _training_row(settings: Settings, found: Row, target: str) -> TrainingRow:
    models = _models(settings, found)
    unprompted = {"select"} if found.selection.method == "cometkiwi" else set()
    instruction = found.instruction
    if target != settings.source:
        instruction = row.instruction(instruction, settings.source, target, item=found.id, seed=settings.seed)
    return TrainingRow(
        id=f"{found.id}-{target}",
        instruction=instruction,
        response=found.response,
        instruction_language=settings.source,
        response_language=target,
        provenance=Provenance(
            dataset="xl-instruct generate",
            license=settings.license,
            seed_source=f"{_seeds_name(settings)}: {found.seed}",
            seed_license=settings.seed_license,
            models=models,
            prompts={
                stage: prompt_hash(stage, settings.form_of_address.get(target, ""))
                for stage in models
                if stage not in unprompted
            },
            non_commercial=bool(row.non_commercial(models.values())),
        ),
        scores=found.scores,
        selection=found.selection,
        **(_origin(found) if licence.may_be_passed_on(settings.seed_license) else {}),
    )


def _origin(found: Row) -> dict[str, str | None]:
    return {"passage": found.passage, "source_response": found.source_response}


def left_out(settings: Settings, count: int) -> list[str]:
    """Why so many rows are without passage and source response; nothing where they have them."""
    if not count or licence.may_be_passed_on(settings.seed_license):
        return []
    return [
        f"{counted(count, 'row is without its', 'rows are without their')} passage and its response: "
        "the licence of the passages is "
        f"{settings.seed_license}; --seed-license names one that lets them be passed on, such as cc-by-4.0"
    ]


def _models(settings: Settings, found: Row) -> dict[str, str]:
    """The model of each stage that the row has been through."""
    models = {"instruct": settings.teacher, "answer": settings.teacher}
    if settings.scored:
        models["score"] = settings.judge_model
    if found.translator is not None:
        models["translate"] = found.translator
    match found.selection.method:
        case "judge":
            models["select"] = settings.judge_model
        case "cometkiwi":
            models["select"] = settings.comet_model
    return models


def prompt_hash(stage: str, address: str = "") -> str:
    """The hash of the prompt that a stage asks with; a form of `address` is part of it."""
    match stage:
        case "translate":
            return translate.prompt_hash(address)
        case "score":
            return score.sha()
        case _:
            return templates.load(stage, PACKAGE).sha
