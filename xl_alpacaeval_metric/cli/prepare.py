"""The commands that prepare what a run needs.

References, translations, benchmarks, task files, the embedded model.
"""

from pathlib import Path
from typing import Annotated

import typer

from xl_alpacaeval_metric.cli.evaluate import app
from xl_alpacaeval_metric.cli.options.benchmark import (
    BenchmarkPath,
    Concurrency,
    Device,
    Exclusion,
    Languages,
    Limit,
    Seed,
    codes,
)
from xl_alpacaeval_metric.cli.progress import ProgressLine
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.terminal import say


@app.command("references")
def write_references(
    model: Annotated[str, typer.Option(metavar="SPEC", help="Who writes them: openai/MODEL, hf/ORG/MODEL, vllm/...")],
    output: Annotated[Path, typer.Option(metavar="FILE", help="JSONL with id, language, reference")],
    benchmark: Annotated[str, typer.Option(help="xl, m, en, mini, context")] = "xl",
    languages: Languages = None,
    benchmark_path: BenchmarkPath = None,
    exclusion: Exclusion = "strict",
    limit: Limit = None,
    max_tokens: Annotated[int, typer.Option(min=1, help="Length of an answer, at most")] = 1024,
    hub_folder: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Write the benchmark with them as a Hub folder, too")
    ] = None,
    device: Device = None,
    concurrency: Concurrency = 64,
    seed: Seed = 0,
) -> None:
    """Have a model write the reference answers of a benchmark.

    The same command again requests only those that are missing.
    """
    from xl_alpacaeval_metric import benchmark as benchmarks
    from xl_alpacaeval_metric.benchmark import export, journal, references
    from xl_alpacaeval_metric.hub import folder as hub_folders

    author = references.client_of(model, concurrency, device)
    wanted = codes(languages) if languages is not None else None
    loaded = benchmarks.load(benchmark, wanted, limit=limit, path=benchmark_path, seed=seed, exclusion=exclusion)
    if hub_folder is not None:
        hub_folders.check_replaceable(hub_folder)
    author.preflight()
    with ProgressLine(output) as progress:
        made = references.make(loaded.rows, author, output, progress, max_tokens)
    author.close()
    say(f"{len(loaded.rows)} references by {author.spec}: {output}")
    for line in journal.cut_off([output], "reference", max_tokens):
        say(f"{line}; give a larger --max-tokens, and another --output", error=True)
    if hub_folder is not None:
        export.export(benchmarks.with_references(loaded, made, author.spec), hub_folder)
        say(f"with the benchmark: {hub_folder}")


@app.command("translate-benchmark")
def translate_benchmark(
    model: Annotated[str, typer.Option(metavar="SPEC", help="The translator: openai/MODEL, hf/ORG/MODEL, vllm/...")],
    languages: Annotated[str, typer.Option(metavar="sw,fi,...", help="Languages to translate the requests into")],
    output: Annotated[Path, typer.Option(metavar="FOLDER", help="A file for each language, for --benchmark-path")],
    benchmark_path: BenchmarkPath = None,
    exclusion: Exclusion = "strict",
    limit: Annotated[int | None, typer.Option(min=1, help="The first N requests")] = None,
    max_tokens: Annotated[int, typer.Option(min=1, help="Length of a translation, at most")] = 2048,
    device: Device = None,
    concurrency: Concurrency = 64,
) -> None:
    """Have a model translate the English requests: benchmark m, in other languages.

    The same command again continues where it stopped.
    """
    from xl_alpacaeval_metric import benchmark as benchmarks
    from xl_alpacaeval_metric.benchmark import journal, references, translate

    wanted = codes(languages)
    translator = references.client_of(model, concurrency, device, role="translator")
    rows = benchmarks.load("en", limit=limit, path=benchmark_path, exclusion=exclusion).rows
    translator.preflight()
    with ProgressLine(output) as progress:
        files = translate.make(rows, wanted, translator, output, progress, max_tokens)
    translator.close()
    for file in files:
        say(f"{len(rows)} requests by {translator.spec}: {file}")
    journals = [output / translate.JOURNALS / f"{code}.jsonl" for code in wanted]
    for line in journal.cut_off(journals, "translation", max_tokens):
        say(f"{line}; give a larger --max-tokens, and another --output", error=True)
    say(f"use them with --benchmark m --benchmark-path {output} --languages {','.join(wanted)}")


@app.command("export-benchmark")
def export_benchmark(
    benchmark: Annotated[str, typer.Argument(metavar="BENCHMARK", help="xl, m, en, mini, context")],
    output: Annotated[Path, typer.Option(metavar="FOLDER", help="The Hub folder to write")],
    languages: Languages = None,
    benchmark_path: BenchmarkPath = None,
    exclusion: Exclusion = "strict",
    reference: Annotated[
        Path | None, typer.Option(metavar="FILE", help="References to put in: id, language, reference")
    ] = None,
    seed: Seed = 0,
) -> None:
    """Write a benchmark as a Hub folder that `load_dataset` reads.

    It has Parquet files for each language, a card, and eval.yaml.
    """
    from xl_alpacaeval_metric import benchmark as benchmarks
    from xl_alpacaeval_metric.benchmark import export
    from xl_alpacaeval_metric.runs import pairs

    wanted = codes(languages) if languages is not None else None
    rows = benchmarks.load(benchmark, wanted, path=benchmark_path, seed=seed, exclusion=exclusion)
    if reference is not None:
        rows = benchmarks.with_references(rows, pairs.read_references(reference), reference.name)
    written = export.export(rows, output)
    for code, files in written.items():
        say(f"{code}: {files.rows} rows, task {export.task_id(benchmark, code)}")
    say(f'{output}: load_dataset("{output}", "{next(iter(written))}")')


@app.command()
def tasks() -> None:
    """Print the folder for lm_eval's --include_path."""
    import importlib.util

    spec = importlib.util.find_spec("lm_eval_tasks")
    if spec is None or not spec.submodule_search_locations:
        raise UserError("lm_eval_tasks is not installed beside this command; reinstall xl-suite")
    say(Path(next(iter(spec.submodule_search_locations))).resolve())


@app.command()
def embedded() -> None:
    """Print the embedded model's folder (SmolLM2-135M-Instruct), made in your cache if needed."""
    from xl_alpacaeval_metric import embedded as embedded_model

    say(embedded_model.model_folder())
