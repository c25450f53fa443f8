"""A run as a record of Every Eval Ever (arXiv:2606.14516), schema 0.3.0."""

import time
from collections.abc import Iterator, Mapping
from typing import Any

from xl_alpacaeval_metric import languages, templates
from xl_alpacaeval_metric.judge import prompt_file
from xl_alpacaeval_metric.publishing.published_run import ALL, PublishedRun
from xl_alpacaeval_metric.signature import package_version, parse

SCHEMA = "0.3.0"
_METHODS = {
    "standard_error": "linearised over prompts",
    "confidence_interval": "adjusted for few prompts; see xl-suite",
}
_FIDELITY = {
    "line_pass_rate": "Answers all of whose lines are in the language asked for",
    "fidelity": "Mean share of an answer's text that is in the language asked for",
}


def record(run: PublishedRun) -> Mapping[str, Any]:
    """The record: a win rate and the figures of language fidelity for each language.

    Scores are percentages. Win rates of a judge that was found to be none are left out.
    """
    now = str(int(time.time()))
    model = run.model_id or f"unknown/{run.model}"
    return {
        "schema_version": SCHEMA,
        "evaluation_id": f"xl-alpacaeval-{run.benchmark or 'pairs'}/{model.replace('/', '_')}/{now}",
        **({"evaluation_timestamp": run.dates[0]} if run.dates[0] else {}),
        "retrieved_timestamp": now,
        "source_metadata": {
            "source_name": "xl-suite",
            "source_type": "evaluation_run",
            "source_organization_name": "unknown",
            "evaluator_relationship": "other",
            "additional_details": {"signature": run.signature},
        },
        "eval_library": {"name": "xl-suite", "version": package_version()},
        "model_info": _model(model, run.model, run.settings),
        "evaluation_results": list(_results(run)),
    }


def _results(run: PublishedRun) -> Iterator[Mapping[str, Any]]:
    for code, scores in run.scores():
        where = "all languages" if code == ALL else languages.get(code).name
        if run.judge and run.believed(scores):
            yield _result(run, code, "win_rate", f"Win rate against the reference, answers in {where}", scores)
        for figure, what in _FIDELITY.items():
            if scores.get(figure) is not None:
                yield _result(run, code, figure, f"{what}, {where}", scores)


def _result(run: PublishedRun, code: str, figure: str, what: str, scores: Mapping[str, Any]) -> Mapping[str, Any]:
    metric: dict[str, Any] = {
        "evaluation_description": f"{what}; percent",
        "metric_id": f"xl_alpacaeval_{figure}",
        "metric_name": figure.replace("_", " "),
        "metric_kind": figure,
        "metric_unit": "percent",
        "lower_is_better": False,
        "score_type": "continuous",
        "min_score": 0.0,
        "max_score": 100.0,
    }
    score: dict[str, Any] = {"score": float(scores[figure])}
    if figure == "win_rate":
        metric["llm_scoring"] = _judging(run, scores)
        score |= _uncertainty(scores)
    benchmark = run.benchmark or "pairs"
    return {
        "evaluation_result_id": f"{benchmark}/{code}/{figure}",
        "evaluation_name": f"XL-AlpacaEval {benchmark} {code}",
        "source_data": {
            "dataset_name": f"XL-AlpacaEval {benchmark}",
            "source_type": "other",
            "additional_details": {"language": code, "items": str(scores.get("n_items"))},
        },
        "metric_config": metric,
        "score_details": score,
        **_generation(run.settings),
    }


def _judging(run: PublishedRun, scores: Mapping[str, Any]) -> Mapping[str, Any]:
    judges = run.judge.split("+")
    check = scores.get("judge_check")
    details = {key: str(value) for key, value in check.items() if value is not None} if isinstance(check, dict) else {}
    return {
        "judges": [{"model_info": _model(judge, judge, {})} for judge in judges],
        "input_prompt": _prompt(parse(run.signature).get("prompt", "")),
        **({"aggregation_method": "average"} if len(judges) > 1 else {}),
        "additional_details": {f"judge_check_{key}": value for key, value in details.items()},
    }


def _prompt(sha: str) -> str:
    """The judge's prompt with its slots; of a prompt of one's own only its hash is known."""
    for name in ("judge", *(f"judge-{version}" for version in prompt_file.EARLIER)):
        template = templates.load(name)
        if template.sha == sha:
            return "\n\n".join(f"[{role}]\n{body}" for role, body in template.sections)
    return f"a prompt of the evaluator's own, SHA-256 {sha}"


def _uncertainty(scores: Mapping[str, Any]) -> Mapping[str, Any]:
    found: dict[str, Any] = {"num_samples": scores.get("n") or 0}
    if (error := scores.get("win_rate_stderr")) is not None:
        found["standard_error"] = {"value": float(error), "method": _METHODS["standard_error"]}
    if bounds := scores.get("win_rate_ci95"):
        found["confidence_interval"] = {
            "lower": float(bounds[0]),
            "upper": float(bounds[1]),
            "confidence_level": 0.95,
            "method": _METHODS["confidence_interval"],
        }
    return {"uncertainty": found}


def _generation(settings: Mapping[str, Any]) -> Mapping[str, Any]:
    found = {
        "max_tokens": settings.get("max_tokens"),
        "temperature": settings.get("temperature"),
    }
    known = {
        key: value for key, value in found.items() if isinstance(value, int | float) and not isinstance(value, bool)
    }
    return {"generation_config": {"generation_args": known}} if known else {}


def _model(identifier: str, name: str, settings: Mapping[str, Any]) -> Mapping[str, Any]:
    backend = settings.get("backend")
    engine = {"inference_engine": {"name": str(backend)}} if backend else {}
    remote = identifier.startswith("openai/") or str(backend or "").endswith("completions")
    return {
        "name": name,
        "id": identifier,
        **engine,
        "additional_details": {
            "deployment_type": "externally_managed" if remote else "self_deployed" if settings else "unknown",
            "model_availability": "unknown",
        },
    }
