"""The command that makes data."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer
from typer.exceptions import Exit

from xl_alpacaeval_metric.cli.options import arguments
from xl_alpacaeval_metric.cli.progress import ProgressLine
from xl_alpacaeval_metric.errors import UserError
from xl_instruct_dataset.cli.hub import app

Text = str | None
Number = int | None


@app.command("generate")
def generate(
    seeds: Annotated[
        Text, typer.Option(metavar="FILE|FOLDER|HUB_ID|sample", help="Passages, e.g. uonlp/CulturaX")
    ] = None,
    targets: Annotated[Text, typer.Option(metavar="fi,ga,...", help="Response languages")] = None,
    teacher: Annotated[
        Text, typer.Option(metavar="SPEC", help="Writes instructions and answers: openai/MODEL, vllm/...")
    ] = None,
    translator: Annotated[
        Text, typer.Option(metavar="SPEC,...", help="Translates; several share the candidates  [default: the teacher]")
    ] = None,
    translator_temperature: Annotated[
        Text, typer.Option(metavar="X,...", help="Of the candidates in turn  [default: --temperature]")
    ] = None,
    judge: Annotated[
        Text, typer.Option(metavar="SPEC", help="Scores, and selects; none: nobody  [default: the teacher]")
    ] = None,
    teacher_base_url: Annotated[
        Text, typer.Option(metavar="URL", help="An endpoint  [default: OPENAI_BASE_URL]")
    ] = None,
    translator_base_url: Annotated[Text, typer.Option(metavar="URL,...", help="One, or one a translator")] = None,
    judge_base_url: Annotated[Text, typer.Option(metavar="URL")] = None,
    per_language: Annotated[Number, typer.Option(min=1, help="Rows wanted in each language  [default: 1000]")] = None,
    passages: Annotated[Number, typer.Option(min=1, help="Passages that go in  [default: a quarter more]")] = None,
    candidates: Annotated[Number, typer.Option(min=1, help="Translations of each response  [default: 3]")] = None,
    select: Annotated[Text, typer.Option(help="Best of them by chrf, judge or cometkiwi  [default: chrf]")] = None,
    min_score: Annotated[
        float | None, typer.Option(min=1, max=5, help="Mean score to keep  [default: 4, or none with --keep-best]")
    ] = None,
    keep_best: Annotated[Number, typer.Option(min=1, metavar="K", help="Keep the K best-scored answers alone")] = None,
    min_words: Annotated[Number, typer.Option(min=1, help="Words of a passage, at least  [default: 60]")] = None,
    max_words: Annotated[
        Number, typer.Option(min=1, help="At most: longer ones are cut at a paragraph or sentence  [default: 400]")
    ] = None,
    source: Annotated[Text, typer.Option(metavar="en", help="Language of passages and instructions")] = None,
    seed_column: Annotated[Text, typer.Option(help="Column with the passage  [default: text]")] = None,
    seed_config: Annotated[Text, typer.Option(help="Configuration of the Hub dataset, e.g. en")] = None,
    seed_split: Annotated[Text, typer.Option(help="Split of the Hub dataset  [default: train]")] = None,
    seed_license: Annotated[Text, typer.Option(help="Licence of the passages, for the provenance")] = None,
    license: Annotated[Text, typer.Option(help="Licence of the result, for its card")] = None,
    benchmark: Annotated[
        Text,
        typer.Option(metavar="mini,xl,...", help="Benchmarks that no row may overlap with  [default: all to be had]"),
    ] = None,
    benchmark_path: Annotated[Text, typer.Option(help="As for xl-alpacaeval")] = None,
    temperature: Annotated[
        float | None, typer.Option(min=0, max=2, help="Of teacher and translators  [default: 0.7]")
    ] = None,
    max_tokens: Annotated[Number, typer.Option(min=1, help="Length of a response, at most  [default: 1024]")] = None,
    reasoning_tokens: Annotated[
        Number, typer.Option(min=0, help="Room for thoughts before each reply, for models that think  [default: 0]")
    ] = None,
    concurrency: Annotated[Number, typer.Option(min=1, help="Requests in flight, at most  [default: 64]")] = None,
    timeout: Annotated[float | None, typer.Option(help="Seconds for an attempt of a request  [default: 600]")] = None,
    executor: Annotated[Text, typer.Option(help="local, ray or slurm  [default: local]")] = None,
    workers: Annotated[Number, typer.Option(min=1, help="Tasks at a time  [default: 1]")] = None,
    shard: Annotated[Number, typer.Option(min=1, help="Passages a task")] = None,
    gpus: Annotated[
        Number, typer.Option(min=1, help="GPUs of a server of vllm/... or sglang/...  [default: 1]")
    ] = None,
    ray_address: Annotated[Text, typer.Option(help="A cluster's address  [default: a local one]")] = None,
    slurm: Annotated[str, typer.Option(metavar="K=V,...", help="partition=gpu,time=10:00:00,gpus=1, ...")] = "",
    comet_python: Annotated[
        Text, typer.Option(metavar="PATH", help="Python of an environment with unbabel-comet")
    ] = None,
    seed: Annotated[Number, typer.Option(help="Decides the phrasing of language instructions, and orders")] = None,
    config: Annotated[Path | None, typer.Option(metavar="FILE", help="All of this as YAML; flags go over it")] = None,
    output: Annotated[
        Text, typer.Option(help="The Hub folder; what is made on the way lies beside it  [default: xl-instruct]")
    ] = None,
    estimate: Annotated[bool, typer.Option("--estimate", help="Say what it would take, and ask no model")] = False,
    rate: Annotated[
        float | None, typer.Option(min=0.1, help="Completion tokens a second, for --estimate's hours")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Under Slurm: print the scripts, submit nothing")] = False,
) -> None:
    """Make cross-lingual instruction data: passages in, a Hub folder out. The same command goes on where it stopped."""
    from xl_instruct_dataset.generate import check, collect_rarely

    check()
    collect_rarely()
    from xl_instruct_dataset.generate.config import file as settings_of

    given: dict[str, Any] = {
        "seeds": seeds, "targets": targets, "teacher": teacher, "translator": translator,
        "translator_temperature": translator_temperature, "judge": judge,
        "teacher_base_url": teacher_base_url, "translator_base_url": translator_base_url, "judge_base_url": judge_base_url,
        "per_language": per_language, "passages": passages, "candidates": candidates, "select": select,
        "min_score": min_score, "keep_best": keep_best, "min_words": min_words, "max_words": max_words,
        "source": source, "seed_column": seed_column,
        "seed_config": seed_config, "seed_split": seed_split, "seed_license": seed_license, "license": license,
        "benchmark": benchmark, "benchmark_path": benchmark_path, "temperature": temperature,
        "max_tokens": max_tokens, "reasoning_tokens": reasoning_tokens,
        "concurrency": concurrency, "executor": executor, "workers": workers,
        "timeout": timeout, "shard": shard, "gpus": gpus, "ray_address": ray_address, "slurm": arguments(slurm) or None,
        "comet_python": comet_python, "seed": seed, "output": output,
    }  # fmt: skip
    settings = settings_of.load(config, given)
    for flag, used, needs in (
        ("--dry-run", dry_run, settings.executor == "slurm" or "--executor slurm; --estimate says what a job takes"),
        ("--slurm", slurm, settings.executor == "slurm" or "--executor slurm"),
        ("--rate", rate, estimate or "--estimate"),
    ):
        if used and needs is not True:
            raise UserError(f"{flag} does nothing without {needs}")
    folder = Path(settings.output)
    if estimate:
        _estimate(settings, rate)
    elif settings.executor == "slurm":
        _slurm(settings, folder, dry_run)
    else:
        _run(settings, folder)


def _run(settings: Any, output: Path) -> None:
    from rich.console import Console

    from xl_alpacaeval_metric.hub import folder as hub_folder
    from xl_instruct_dataset.generate import job, report
    from xl_instruct_dataset.generate.config import work_folder
    from xl_instruct_dataset.generate.pipeline import executors

    work = work_folder.of(output)
    hub_folder.check_replaceable(output)
    with (
        work_folder.log(output) as file,
        executors.stderr_into(file) as shown,
        ProgressLine(work, stream=shown) as progress,
    ):
        outcome = job.run(settings, output, progress)
    report.show(settings, outcome, Console())
    print(f"report: {report.write(settings, outcome, output)}")
    print(f"rejects: {work / 'rejects.jsonl'}")
    if not outcome.written:
        print(f"xl-instruct: no row was kept, so there is no {output}; the rejects say why", file=sys.stderr)
        raise Exit(1)
    first = next(iter(outcome.written))
    print(f'{output}: load_dataset("{output}", "{first}")')


def _estimate(settings: Any, rate: float | None) -> None:
    from rich.console import Console

    from xl_instruct_dataset.generate import estimate, report
    from xl_instruct_dataset.generate.seeds import producer

    with TemporaryDirectory(prefix="xl-estimate-") as folder:
        count, _ = producer.make(settings, Path(folder))
        report.show_estimate(estimate.estimate(settings, Path(folder), count), count, rate, Console())


def _slurm(settings: Any, output: Path, dry_run: bool) -> None:
    from xl_instruct_dataset.generate import slurm_chain

    for line in slurm_chain.submit(settings, output, dry_run):
        print(line)
