"""Rate answers by criteria of your own, which stand in `own_criteria.yaml`.

    python examples/own_criteria.py [JUDGE]

On the command line it is `--criteria-file examples/own_criteria.yaml`.
"""

import sys
from pathlib import Path

from xl_alpacaeval_metric import Comparison, Judge, embedded, score
from xl_alpacaeval_metric.judge import rubric_file

COMPARISONS = [
    Comparison(
        id="parcel",
        language="de",
        instruction="A customer asks where her parcel is. Reply to her in German.",
        prediction="Guten Tag, bitte senden Sie uns Ihre Sendungsnummer; wir melden uns noch heute bei Ihnen.",
        reference="Guten Tag, gern sehen wir nach. Nennen Sie uns bitte die Nummer Ihrer Sendung.",
    ),
]


def main() -> None:
    spec = sys.argv[1] if len(sys.argv) > 1 else f"hf/{embedded.model_folder()}"
    rubric = rubric_file.load(Path(__file__).with_name("own_criteria.yaml"))
    with Judge.from_spec(spec) as judge:
        result = score(COMPARISONS, judge, criteria=rubric)
    for name, level in (result.overall.criteria or {}).items():
        mean = "no rating" if level.mean is None else f"{level.mean:.1f} of 5"
        print(f"{name}: {mean} ({level.n} rated, {level.n_missing} missing)")
    for reason, count in result.missing_reasons.items():
        print(f"missing {count}x: {reason}")


if __name__ == "__main__":
    main()
