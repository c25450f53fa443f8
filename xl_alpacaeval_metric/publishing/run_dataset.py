"""A run as a Hub folder: results, samples and verdicts as configurations, a card, other formats."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.files import jsonl, parquet
from xl_alpacaeval_metric.hub import card_text, front_matter
from xl_alpacaeval_metric.hub import folder as hub_folder
from xl_alpacaeval_metric.publishing import every_eval_ever
from xl_alpacaeval_metric.publishing.published_run import ALL, PublishedRun
from xl_alpacaeval_metric.signature import package_version

if TYPE_CHECKING:
    from datasets import Features

SPLIT = "test"
RESULTS, RECORD = "results.json", "every_eval_ever.json"
ALSO = (RESULTS, RECORD)
"""Files beside the card and its data files."""

_SAMPLES: Mapping[str, str] = {
    **dict.fromkeys(("id", "language", "instruction", "prediction", "reference", "thinking", "design"), "string"),
    "preference": "float64",
    "line_pass": "bool",
    "fidelity": "float64",
    "answered_in": "string",
    "switched": "bool",
    **dict.fromkeys(("length", "reference_length", "thinking_tokens"), "int64"),
    "cut": "bool",
}
_VERDICTS: Mapping[str, str] = {
    **dict.fromkeys(("id", "language", "order"), "string"),
    "preference": "float64",
    **dict.fromkeys(("reason", "raw", "judge"), "string"),
    "vote": "int64",
}
_VERDICTS_ROW = "| `verdicts` | judgement | the judge's reply, and the order in which it saw the answers |"
_RATES = (
    "win_rate",
    "win_rate_stderr",
    "win_rate_ci95_low",
    "win_rate_ci95_high",
    "lc_win_rate",
    "win_rate_in_language",
)
_FIDELITY = ("line_pass_rate", "fidelity", "switch_rate", "avg_length", "avg_reference_length", "first_position_rate")
_COUNTS = ("n", "n_missing", "n_items", "n_empty")
_RESULTS: Mapping[str, str] = {
    **dict.fromkeys(("model", "language"), "string"),
    **dict.fromkeys((*_RATES, *_FIDELITY), "float64"),
    **dict.fromkeys(_COUNTS, "int64"),
    **dict.fromkeys(("judge", "judge_check", "signature", "date"), "string"),
}


@dataclass(frozen=True, slots=True)
class _Config:
    columns: Mapping[str, str]
    rows: Iterator[Mapping[str, Any]]

    def features(self) -> "Features":
        from datasets import Features, Value

        return Features({name: Value(kind) for name, kind in self.columns.items()})

    def cells(self) -> Iterator[dict[str, Any]]:
        for row in self.rows:
            yield {name: _cell(row.get(name), kind) for name, kind in self.columns.items()}


def write(run: PublishedRun, output: Path) -> Mapping[str, parquet.Written]:
    """Write the Hub folder `output`, which must not exist; returns rows and bytes by configuration.

    A configuration without rows is left out: the verdicts of a run without a judge.
    """
    configs = {
        "results": _Config(_RESULTS, _results(run)),
        "samples": _Config(_SAMPLES, run.samples()),
        "verdicts": _Config(_VERDICTS, run.verdicts()),
    }
    written, features = {}, {}
    for name, config in configs.items():
        kinds = config.features()
        made = parquet.write(config.cells(), kinds.arrow_schema, output / name, split=SPLIT)
        if made.rows:
            written[name], features[name] = made, kinds
        else:
            (output / name).rmdir()
    jsonl.write_json(output / RESULTS, dict(run.results))
    jsonl.write_json(output / RECORD, every_eval_ever.record(run))
    jsonl.replace_file(output / hub_folder.CARD, _card(run, written, features))
    hub_folder.verified(output)
    return written


def _results(run: PublishedRun) -> Iterator[Mapping[str, Any]]:
    for code, scores in run.scores():
        low, high = scores.get("win_rate_ci95") or (None, None)
        check = scores.get("judge_check")
        yield {
            **scores,
            "model": run.model,
            "language": code,
            "win_rate_ci95_low": low,
            "win_rate_ci95_high": high,
            "judge": run.judge or None,
            "judge_check": check.get("verdict") if isinstance(check, dict) else None,
            "signature": run.signature,
            "date": run.dates[1] or run.dates[0] or None,
        }


def _cell(value: Any, kind: str) -> Any:
    """The value as its column takes it; anything else as null."""
    if isinstance(value, bool):
        return value if kind == "bool" else None
    if kind == "string":
        return value if isinstance(value, str) or value is None else json.dumps(value, ensure_ascii=False)
    if isinstance(value, int | float):
        return {"float64": float, "int64": int}[kind](value) if kind != "bool" else None
    return None


def _card(run: PublishedRun, written: Mapping[str, parquet.Written], features: Mapping[str, "Features"]) -> str:
    codes = [code for code, _ in run.scores() if code != ALL]
    title = f"{run.model} on {run.benchmark or 'XL-AlpacaEval'}"
    about = front_matter.About(
        pretty_name=title,
        license=run.license,
        languages=codes,
        tags=(front_matter.TAG, "evaluation", "cross-lingual", "multilingual", "llm-as-a-judge", "synthetic"),
    )
    body = card_text.body(
        "run",
        {
            "title": card_text.cell(title),
            "judged": "compared with\nreference answers by a judge model" if run.judge else "without a judge",
            "verdicts": _VERDICTS_ROW if "verdicts" in written else "",
            "model": card_text.code(run.model),
            "table": _table(run),
            "notes": "\n".join(f"- {card_text.cell(line)}" for line in run.results.get("warnings") or ()),
            "signature": run.signature.replace("`", "'"),
            "name": card_text.quoted(run.name),
            "bibtex": card_text.BIBTEX,
            "version": package_version(),
        },
    )
    return front_matter.front_matter(about, written, features, SPLIT) + body


def _table(run: PublishedRun) -> str:
    lines = [
        "| language | win rate % | 95% interval | line pass rate % | fidelity % | judged | empty | items |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for code, scores in run.scores():
        name = code if code == ALL else f"{languages.get(code).name} ({code})"
        low_high = scores.get("win_rate_ci95")
        rate, bounds = (
            _figure(scores.get("win_rate")),
            "-" if not low_high else f"{low_high[0]:.1f} to {low_high[1]:.1f}",
        )
        if scores.get("win_rate") is not None and not run.believed(scores):
            rate, bounds = "no judge", "-"
        figures = (rate, bounds, _figure(scores.get("line_pass_rate")), _figure(scores.get("fidelity")))
        counts = (str(scores.get(key, "-")) for key in ("n", "n_empty", "n_items"))
        lines.append(f"| {card_text.cell(name)} | {' | '.join((*figures, *counts))} |")
    return "\n".join(lines)


def _figure(value: object) -> str:
    return f"{value:.1f}" if isinstance(value, int | float) else "-"
