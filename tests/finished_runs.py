"""Run folders as finished runs leave them, with preferences that are given."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.helpers import FINNISH, GERMAN, write_jsonl

SIGNATURE = "judge:openai/any|prompt:0123abcd|order:both|seed:0|benchmark:pairs@1|reference:given@{reference}"
TEXTS = {"de": GERMAN, "fi": FINNISH}


def made(
    folder: Path,
    preferences: Mapping[str, Sequence[float | None]],
    *,
    model: str = "",
    reference: str = "01234567",
    references: str = "reference",
    answers: str = "",
    judge: str = "openai/any",
    levels: Sequence[int] = (),
    lean: float | None = None,
) -> Path:
    """A finished run: language -> the preference on each prompt.

    Judged in both orders or, with a `lean` to the first answer, in one, which alternates.
    """
    keys = [(f"p{n}", code, value) for code, values in preferences.items() for n, value in enumerate(values)]
    samples = [
        {
            "id": identifier,
            "language": code,
            "instruction": f"ask {identifier}",
            "prediction": (answers and f"{answers} {identifier} {code}") or f"{TEXTS[code]} {folder.name}",
            "reference": f"{references} {identifier} {code}",
        }
        for identifier, code, _ in keys
    ]
    write_jsonl(folder / "samples.jsonl", samples)
    orders = ("candidate_first", "reference_first")
    lines = [
        {"id": identifier, "language": code, "order": order, "preference": value}
        for identifier, code, value in keys
        for order in orders
    ]
    if lean is not None:
        lines = [
            {
                "id": identifier,
                "language": code,
                "order": orders[n % 2],
                "preference": (value or 0.0) + lean * (-1) ** n,
            }
            for n, (identifier, code, value) in enumerate(keys)
        ]
    write_jsonl(folder / "verdicts.jsonl", lines)
    if levels:
        rated = [
            {"id": identifier, "language": code, "scores": {"naturalness": level}, "rubric": "x"}
            for (identifier, code, _), level in zip(keys, levels, strict=True)
        ]
        write_jsonl(folder / "criteria.jsonl", rated)
    settings = {"model": model} if model else {"pairs": "0"}
    (folder / "run.json").write_text(json.dumps({"settings": settings}), encoding="utf-8")
    signature = SIGNATURE.format(reference=reference).replace("openai/any", judge)
    (folder / "results.json").write_text(json.dumps({"signature": signature}), encoding="utf-8")
    return folder


def spread(mean: float, count: int = 20, wide: float = 0.1) -> list[float | None]:
    return [mean + wide * math.sin(n) for n in range(count)]


def harness_log(folder: Path, preferences: Sequence[float], model: str, judge: str = "openai/any") -> Path:
    """What lm-evaluation-harness writes with --log_samples, cut to what matters."""
    samples = [
        {
            "doc": {
                "id": f"p{n}",
                "response_language": "de",
                "instruction": f"ask p{n}",
                "reference": f"reference p{n} de",
            },
            "filtered_resps": [
                json.dumps(
                    {
                        "preference": value,
                        "prediction": f"{GERMAN} {model}",
                        "judged": True,
                        "fidelity": {"line_pass": n % 2 == 0},
                    }
                )
            ],
        }
        for n, value in enumerate(preferences)
    ]
    place = folder / model.replace("/", "__")
    stamp = "2026-11-28T10-00-00.000000"
    write_jsonl(place / f"samples_xl_alpacaeval_mini_de_{stamp}.jsonl", samples)
    signature = SIGNATURE.format(reference="9").replace("openai/any", judge).replace("pairs@", "mini@")
    described = {"judged_by": {"signature": signature}}
    results = {"model_name": model, "date": 1795860000.0, "configs": {"xl_alpacaeval_mini_de": {"metadata": described}}}
    (place / f"results_{stamp}.json").write_text(json.dumps(results), encoding="utf-8")
    return folder
