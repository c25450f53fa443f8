"""Judge answers from Python: two answers in German and one in Finnish, each beside a reference.

    python examples/judge_from_python.py [JUDGE]

JUDGE is a specification such as openai/gpt-4o; the embedded SmolLM2 if none is given.
"""

import sys

from xl_alpacaeval_metric import Comparison, Judge, embedded, score

COMPARISONS = [
    Comparison(
        id="sleep",
        language="de",
        instruction="How long do cats sleep? Answer in German.",
        prediction="Katzen schlafen zwölf bis sechzehn Stunden am Tag, junge noch länger.",
        reference="Eine Katze schläft den größten Teil des Tages.",
    ),
    Comparison(
        id="bread",
        language="de",
        instruction="Why does bread dough rise? Answer in German.",
        prediction="Bread dough rises because yeast makes gas.",
        reference="Die Hefe vergärt Zucker; das Kohlendioxid, das dabei entsteht, treibt den Teig auf.",
    ),
    Comparison(
        id="sleep",
        language="fi",
        instruction="How long do cats sleep? Answer in Finnish.",
        prediction="Kissat nukkuvat suurimman osan päivästä.",
        reference="Kissa nukkuu vuorokaudessa 12-16 tuntia, kissanpentu vielä enemmän.",
    ),
]


def main() -> None:
    spec = sys.argv[1] if len(sys.argv) > 1 else f"hf/{embedded.model_folder()}"
    with Judge.from_spec(spec, both_orders=True) as judge:
        result = score(COMPARISONS, judge)
    for language, figures in result.by_language.items():
        rate = "no verdict" if figures.win_rate is None else f"win rate {figures.win_rate:.1f}%"
        print(f"{language}: {rate}, {figures.line_pass_rate:.0f}% of the answers in the language asked for")
    for warning in result.warnings:
        print(f"warning: {warning}")
    print(result.signature)


if __name__ == "__main__":
    main()
