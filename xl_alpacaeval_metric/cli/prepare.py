"""The commands that prepare what a run needs.

References, translations, benchmarks, task files, the embedded model.
"""

from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import Exit

from xl_alpacaeval_metric.cli.evaluate import app
from xl_alpacaeval_metric.cli.options.benchmark import (
    BenchmarkName,
    BenchmarkPath,
    Exclusion,
    Languages,
    Limit,
    Seed,
    codes,
)
from xl_alpacaeval_metric.cli.options.output import writable, writable_folder
from xl_alpacaeval_metric.cli.options.records import with_options
from xl_alpacaeval_metric.cli.options.writer import WriterOptions
from xl_alpacaeval_metric.cli.progress import ProgressLine
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.terminal import counted, say


@app.command("references")
@with_options(WriterOptions, "writer")
def write_references(
    writer: WriterOptions,
    output: Annotated[
        Path, typer.Option(metavar="FILE", dir_okay=False, callback=writable, help="JSONL with id, language, reference")
    ],
    benchmark: BenchmarkName = "xl",
    languages: Languages = None,
    benchmark_path: BenchmarkPath = None,
    exclusion: Exclusion = "strict",
    limit: Limit = None,
    max_tokens: Annotated[int, typer.Option(min=1, help="Length of an answer, at most")] = 1024,
    any_language: Annotated[
        bool, typer.Option("--any-language", help="Keep references that are found to be in another language")
    ] = False,
    hub_folder: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", callback=writable_folder, help="Write the benchmark with them as a Hub folder, too"
        ),
    ] = None,
    seed: Seed = 0,
) -> None:
    """Have a model write the reference answers of a benchmark, in any language.

    Thoughts are taken off, references in another language are set aside, and cut ones named. The
    same command again requests only those that are missing. Exit code 1 if any is missing, aside or
    cut.
    """
    from xl_alpacaeval_metric import benchmark as benchmarks
    from xl_alpacaeval_metric.benchmark.written import journal, references
    from xl_alpacaeval_metric.hub import folder as hub_folders
    from xl_alpacaeval_metric.publishing import benchmark_dataset

    author = writer.client()
    wanted = codes(languages) if languages is not None else None
    loaded = benchmarks.load(benchmark, wanted, limit=limit, path=benchmark_path, seed=seed, exclusion=exclusion)
    if hub_folder is not None:
        hub_folders.check_replaceable(hub_folder)
    author.preflight()
    with ProgressLine(output) as progress:
        made = references.make(loaded.rows, author, output, progress, max_tokens, progress.notify)
    author.close()
    aside = [] if any_language else references.set_aside(loaded.rows, output)
    cut = journal.cut_off([output], "reference", max_tokens)
    unknown = references.unidentified(output)
    written = [row for row in loaded.rows if (row.id, row.response_language) in made]
    say(f"references for {counted(len(written), 'row')} by {author.spec}: {output}")
    for line in aside:
        say(f"{line}; the same command asks for these again, --any-language keeps them", error=True)
    for line in unknown:
        say(line, error=True)
    for line in cut:
        say(f"{line}; give a larger --max-tokens, and another --output", error=True)
    if hub_folder is not None and not aside:
        benchmark_dataset.export(references.with_those_of(loaded, made, author.spec), hub_folder)
        say(f"with the benchmark: {hub_folder}")
    if aside or cut or len(written) < len(loaded.rows):
        raise Exit(1)


@app.command("translate-benchmark")
@with_options(WriterOptions, "writer")
def translate_benchmark(
    writer: WriterOptions,
    languages: Annotated[str, typer.Option(metavar="sw,fi,...", help="Languages to translate the requests into")],
    output: Annotated[
        Path,
        typer.Option(metavar="FOLDER", callback=writable_folder, help="A file for each language, for --benchmark-path"),
    ],
    benchmark_path: BenchmarkPath = None,
    exclusion: Exclusion = "strict",
    limit: Annotated[int | None, typer.Option(min=1, help="The first N requests")] = None,
    max_tokens: Annotated[int, typer.Option(min=1, help="Length of a translation, at most")] = 2048,
) -> None:
    """Have a model translate the English requests: benchmark m, in other languages.

    The same command again continues where it stopped. Exit code 1 if any is missing.
    """
    from xl_alpacaeval_metric import benchmark as benchmarks
    from xl_alpacaeval_metric.benchmark.written import journal, translate
    from xl_alpacaeval_metric.files import jsonl

    wanted = codes(languages)
    translator = writer.client("translator")
    rows = benchmarks.load("en", limit=limit, path=benchmark_path, exclusion=exclusion).rows
    translator.preflight()
    with ProgressLine(output) as progress:
        files = translate.make(rows, wanted, translator, output, progress, max_tokens, progress.notify)
    translator.close()
    made = {file: sum(row["instruction"] is not None for row in jsonl.read_lines(file)) for file in files}
    for file, count in made.items():
        say(f"{counted(count, 'request')} by {translator.spec}: {file}")
    journals = [output / translate.JOURNALS / f"{code}.jsonl" for code in wanted]
    for line in journal.cut_off(journals, "translation", max_tokens):
        say(f"{line}; give a larger --max-tokens, and another --output", error=True)
    say(f"use them with --benchmark m --benchmark-path {output} --languages {','.join(wanted)}")
    if any(count < len(rows) for count in made.values()):
        raise Exit(1)


@app.command("export-benchmark")
def export_benchmark(
    benchmark: Annotated[
        str, typer.Argument(metavar="BENCHMARK", help="xl, m, en, mini, context; a file, a folder, a Hub id")
    ],
    output: Annotated[Path, typer.Option(metavar="FOLDER", callback=writable_folder, help="The Hub folder to write")],
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
    from xl_alpacaeval_metric.publishing import benchmark_dataset
    from xl_alpacaeval_metric.runs import pairs

    wanted = codes(languages) if languages is not None else None
    rows = benchmarks.load(benchmark, wanted, path=benchmark_path, seed=seed, exclusion=exclusion)
    if reference is not None:
        rows = benchmarks.with_references(rows, pairs.read_references(reference), reference.name)
    written = benchmark_dataset.export(rows, output)
    for code, files in written.items():
        say(f"{code}: {counted(files.rows, 'row')}")
    if not benchmark_dataset.runnable(rows):
        say("no eval.yaml: some rows have no reference, and others would grade by an empty one (--reference FILE)")
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
