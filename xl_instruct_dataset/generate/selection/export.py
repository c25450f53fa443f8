"""The finished rows, and the Hub folder that they are put into."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from xl_alpacaeval_metric import languages, templates
from xl_alpacaeval_metric.files.jsonl import read_lines
from xl_alpacaeval_metric.files.parquet import Written
from xl_alpacaeval_metric.hub import folder as hub_folder
from xl_instruct_dataset.generate.config.settings import Settings
from xl_instruct_dataset.generate.selection.translations import Tally, rows_file
from xl_instruct_dataset.hub import card, parquet
from xl_instruct_dataset.quality import filters
from xl_instruct_dataset.records import Provenance, Selection, TrainingRow
from xl_instruct_dataset.stages import PACKAGE, row, score


def export(settings: Settings, work: Path, output: Path, tally: Tally) -> dict[str, Written]:
    """Write the Hub folder, with a configuration for each language that has rows."""
    pairs = {f"{settings.source}-{target}": target for target in settings.targets if tally.rows[target]}
    if not pairs:
        return {}
    with hub_folder.replaced(output) as folder:
        written = {pair: parquet.write(_rows(settings, work, target), folder / pair) for pair, target in pairs.items()}
        (folder / hub_folder.CARD).write_text(card.text(about(settings, output, tally), written), encoding="utf-8")
        hub_folder.verified(folder)
    return written


def about(settings: Settings, output: Path, tally: Tally) -> card.About:
    """How the data was made, for its card."""
    translators = ", ".join(f"`{spec}`" for spec in settings.translator_models)
    chooser = [settings.comet_model] if settings.select == "cometkiwi" else []
    judges = [settings.judge_model] if settings.scored else []
    restricted = row.non_commercial([settings.teacher, *judges, *settings.translator_models, *chooser])
    origin = (
        f"From {tally.passages:,} passages of `{_seeds_name(settings)}` "
        f"(licence: {settings.seed_license}). `{settings.teacher}` wrote an instruction for each passage and the response to it; "
        f"{_scoring(settings)}; {translators} made {settings.candidates} translations of each"
        f"{_temperatures(settings)}, of which one was chosen by {settings.select}. Rows in a wrong language, of odd length, repeating "
        "themselves, with the model's talk in them, near-duplicates, and rows that overlap with a benchmark "
        f"({', '.join(tally.benchmarks) or 'none looked at'}) were dropped."
    )
    limits = " ".join(["Written and translated by models; no person has read all rows.", *cautions(settings)])
    if restricted:
        limits += (
            f" Made with {', '.join(f'`{name}`' for name in restricted)}, whose terms do not allow commercial use."
        )
    return card.About(output.resolve().name, "XL-Instruct, generated", settings.license, origin, limits)


def _seeds_name(settings: Settings) -> str:
    """The file's or folder's own name, or the Hub dataset's id: where somebody keeps a file is nobody's business."""
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
    """What the filters cannot see, a sentence each."""
    return [
        f"The language identifier does not know {languages.get(target).name} (`{target}`): whether rows are in it was not checked."
        for target in settings.targets
        if filters.unscored(target)
    ]


def _rows(settings: Settings, work: Path, target: str) -> Iterator[TrainingRow]:
    for line in read_lines(rows_file(work, target)):
        chosen: dict[str, Any] = line["chosen"]
        models = {"instruct": settings.teacher, "answer": settings.teacher}
        if settings.scored:
            models["score"] = settings.judge_model
        stages = list(models)
        if target != settings.source:
            models["translate"] = line["translator"]
            stages.append("translate")
            if chosen["method"] == "judge":
                models["select"] = settings.judge_model
                stages.append("select")
            elif chosen["method"] == "cometkiwi":
                models["select"] = settings.comet_model
        yield TrainingRow(
            id=f"{line['id']}-{target}",
            instruction=(
                line["instruction"]
                if target == settings.source
                else row.instruction(line["instruction"], settings.source, target, item=line["id"], seed=settings.seed)
            ),
            response=str(line["response"]),
            instruction_language=settings.source,
            response_language=target,
            provenance=Provenance(
                dataset="xl-instruct generate",
                license=settings.license,
                seed_source=f"{_seeds_name(settings)}: {line['seed']}",
                seed_license=settings.seed_license,
                models=models,
                prompts={stage: prompt_hash(stage) for stage in stages},
                non_commercial=bool(row.non_commercial(models.values())),
            ),
            scores=line["scores"],
            selection=Selection(chosen["method"], chosen["candidates"], chosen["chosen"], chosen["scores"]),
        )


def prompt_hash(stage: str) -> str:
    """The hash of the prompt that a stage asks with."""
    match stage:
        case "translate":
            return templates.load("translate").sha
        case "score":
            return score.sha()
        case _:
            return templates.load(stage, PACKAGE).sha
