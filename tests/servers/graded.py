"""Verdicts by a rule that a reader can follow, for runs that are shown: no model is asked.

    python -m tests.servers.graded --port 8001        (prints its address)

The better answer is the one that has more of its text in the language asked for, and fewer words
twice; the model named `language-only` looks at the language alone. A bundled reference is always
the best answer to its request.
"""

import argparse
import math
from typing import Any

from tests.servers.judge import Behaviour, JudgeServer
from tests.servers.planted import references
from tests.servers.prompts import slots_of
from xl_alpacaeval_metric import benchmark, languages
from xl_alpacaeval_metric.languages.fidelity import texts_fidelity

LANGUAGE_ONLY = "language-only"
ODDS = 3.0
"""Log-odds between the best answer and the worst."""
CODES = {languages.get(code).name: code for code in (*benchmark.MINI_LANGUAGES, "et", "sv")}
"""The judge's prompt has the names of languages; those that this judge knows."""


def grade(text: str, language: str, instruction: str, language_only: bool) -> float:
    """From 0 to 1: the share of the text in the language, times that of its words that are new."""
    if text and text == references().get(instruction):
        return 1.0
    (found,) = texts_fidelity([text], [CODES[language]])
    share = (found.fidelity or 0.0) / 100
    words = text.split()
    return 0.9 * share * (1.0 if language_only or not words else len(set(words)) / len(words))


def verdict(body: dict[str, Any]) -> float:
    """Request body -> probability of A."""
    slots = slots_of(body, "judge")
    if slots is None:  # The probe.
        return 0.9
    one, other = (
        grade(slots[name], slots["language"], slots["instruction"], body["model"] == LANGUAGE_ONLY)
        for name in ("answer_a", "answer_b")
    )
    return 1 / (1 + math.exp(ODDS * (other - one)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    JudgeServer(Behaviour(verdict=verdict), parser.parse_args().port).serve_until_interrupted()


if __name__ == "__main__":
    main()
