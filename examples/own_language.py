"""A language outside the bundled benchmarks: Swahili. No model is needed.

python examples/own_language.py
"""

from xl_alpacaeval_metric import language_fidelity, languages
from xl_alpacaeval_metric.benchmark import ask_in

ANSWERS = [
    "Paka hulala kati ya saa kumi na mbili na kumi na sita kila siku.",
    "Cats sleep between twelve and sixteen hours every single day.",
]


def main() -> None:
    language = languages.get("sw")
    print(f"{language.code}: {language.name}, its speakers say {language.autonym}, script {language.script}")
    for caveat in languages.caveats(language):
        print(f"note: {caveat}")
    print(ask_in("How long do cats sleep?", language.code, item="sleep"))
    found = language_fidelity(ANSWERS, [language.code] * len(ANSWERS))
    print(f"{found.line_pass_rate:.0f}% of {found.n} answers are in {language.name}")


if __name__ == "__main__":
    main()
