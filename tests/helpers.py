"""What several test files use."""

from pathlib import Path

from xl_alpacaeval_metric.records import Comparison

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"
"""Real data beside the checkout; tests that use it skip where it is not."""


def comparison(number: int = 1, language: str = "de", **changes: str) -> Comparison:
    """A comparison in which every text can be told from the others."""
    texts = {
        "instruction": f"Explain thing {number} in German.",
        "prediction": f"Das ist die Antwort des Kandidaten auf die Frage {number}.",
        "reference": f"Dies ist die Vergleichsantwort auf die Frage {number}.",
        **changes,
    }
    return Comparison(id=f"item-{number}", language=language, **texts)
