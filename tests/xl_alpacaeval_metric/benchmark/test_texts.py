"""Every text of the bundled benchmarks, in all languages: length, typography, variety, language."""

import re
from collections.abc import Iterator
from itertools import pairwise

import pytest

from xl_alpacaeval_metric import benchmark
from xl_alpacaeval_metric.benchmark.rows import Row
from xl_alpacaeval_metric.languages import content_length, identify

MINI = benchmark.load("mini", benchmark.MINI_LANGUAGES).rows
CONTEXT = benchmark.load("context").rows

APART = 0.25
"""How far the content of a reference may be from the mean of its request's."""

FAULTS = {
    "two marks": r"[,;:][,;:.!?]|(?<!\.)\.\.(?!\.)|[。，；：、][。，；：、]|।।",
    "a space before a mark": r"(?<=\w) +[,.](?!\w)|(?<=[\u0900-\u097f]) +।",
    "two spaces": r"[^\S\n]{2,}",
    "a space at the end of a line": r"[^\S\n](?=\n|\Z)",
    "three line breaks": r"\n{3,}",
    "Markdown": r"\*\*|^#|`|\]\(",
    "a slot": r"[{}]|\[[A-Za-z ]+\]|XX",
    "an unknown character": "[\ufffd\u200b\u00ad\t]",
    "the same word twice": r"\b(the|a|of|and|der|die|und|de|la|le|e|ir|agus|és|ja|ve|u) \1(?![\w\u0900-\u097f])",
    "two languages in an instruction": r"in English, not in English|only knows|answer in (\w+)\b.*answer in",
}
"""What is wrong in any language; each is a pattern."""

OF_LANGUAGE = {
    "zh": {
        "a space beside a Chinese character": r"(?<=[\u4e00-\u9fff，。；：？！、”]) +|(?<!-)(?<!\d\.) +(?=[\u4e00-\u9fff，。])"
    },
    "fr": {
        "no no-break space before a mark": r"(?<![\u00a0\u202f?!:])[;?!»]|(?<![\u00a0\d]):(?!\d)",
        "a typewriter's apostrophe": "'",
        "no no-break space after a quotation mark": r"«(?!\u00a0)",
    },
    "en": {"a typewriter's apostrophe": "'"},
    "tr": {"a typewriter's apostrophe": "'"},
    "hi": {"a nukta that the set does not write": "क़|ख़|ग़|\u0958|\u0959|\u095a"},
    "pt": {
        "Brazilian": r"\b(ônibus|geladeira|banheiro|celular|trem|xícara|café da manhã|sorvete|gostaria que você"
        r"|vo[cç]ês? (?:vai|tem|pode|quer)|pra|tá|legal|fila do|terno|aluguel|econom\w+ica|fato de que)\b"
        r"|\w[ôê](?:nico|nica|mico|mica|neo|nea)\b|\bestá \w+ndo\b|\bestão \w+ndo\b|\best(?:ou|amos) \w+ndo\b",
    },
    "pt-BR": {
        "European": r"\b(autocarro|frigorífico|telemóvel|comboio|chávena|pequeno-almoço|casa de banho|convosco"
        r"|vos|vosso|vossa|vossos|vossas|miúdos|rapariga|ecrã|sandes|talho|renda de casa|facto|contacto)\b"
        r"|\best(?:á|ão|ou) a \w+r\b|\w[óé](?:nico|nica|mico|mica|neo|nea)\b",
    },
}
"""What is wrong in one language or variety."""


def texts() -> Iterator[tuple[str, str, str]]:
    """Where a text stands, its language, and the text: all of mini and of context."""
    for row in MINI:
        yield f"{row.id} {row.response_language}", row.response_language, str(row.reference)
        yield f"{row.id} request for {row.response_language}", "en", row.instruction
    for row in CONTEXT:
        yield f"{row.id} context", str(row.context_language), str(row.context)
        yield f"{row.id} request", row.instruction_language, row.instruction.split('\n"""\n\n')[-1]
        yield f"{row.id} reference", row.response_language, str(row.reference)


def test_no_text_has_a_fault_of_typography_or_variety() -> None:
    found = [
        f"{where}: {fault}: {match[0]!r} in {text[max(0, match.start() - 20) : match.end() + 20]!r}"
        for where, code, text in dict.fromkeys(texts())
        for fault, pattern in [*FAULTS.items(), *OF_LANGUAGE.get(code, {}).items()]
        for match in [re.search(pattern, text, re.MULTILINE)]
        if match
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("de", "Das ist gut,, und schlecht."),
        ("zh", "请用中文回答。 谢谢。"),
        ("zh", "我住在 上海"),
        ("fr", "Pourquoi?"),
        ("fr", "l'eau"),
        ("en", "Respond in English, not in English."),
        ("pt", "Ele está fazendo o jantar na geladeira."),
        ("pt", "O autocarro económico é bom, mas o telefônico não."),
        ("pt-BR", "Ele está a fazer o jantar."),
        ("pt-BR", "O pequeno-almoço é económico."),
        ("hi", "यह किताब ख़राब है।"),
        ("fi", "Tämä on [NIMI] ja tämä  on muuta."),
    ],
)
def test_the_faults_are_found(code: str, text: str) -> None:
    patterns = [*FAULTS.values(), *OF_LANGUAGE.get(code, {}).values()]
    assert any(re.search(pattern, text, re.MULTILINE) for pattern in patterns)


def test_the_references_of_a_request_are_of_one_length_of_content() -> None:
    by_request: dict[str, dict[str, float]] = {}
    for row in MINI:
        of = by_request.setdefault(row.id, {})
        of[row.response_language] = content_length.content_lengths([str(row.reference)], [row.response_language])[0]
    assert {tuple(of) for of in by_request.values()} == {benchmark.MINI_LANGUAGES}
    far = [
        f"{key} {code}: {length / mean:.2f} of the mean"
        for key, of in by_request.items()
        for mean in [sum(of.values()) / len(of)]
        for code, length in of.items()
        if abs(length / mean - 1) > APART
    ]
    assert not far, far


def test_the_languages_are_alike_in_length_over_all_requests() -> None:
    by_language: dict[str, list[float]] = {}
    for row in MINI:
        length = content_length.content_lengths([str(row.reference)], [row.response_language])[0]
        by_language.setdefault(row.response_language, []).append(length)
    means = {code: sum(lengths) / len(lengths) for code, lengths in by_language.items()}
    middle = sum(means.values()) / len(means)
    assert {code: round(mean / middle, 2) for code, mean in means.items() if abs(mean / middle - 1) > 0.15} == {}


def test_every_text_is_in_its_language() -> None:
    rows: list[Row] = [*MINI, *CONTEXT]
    given = {(str(row.reference), row.response_language) for row in rows}
    given |= {(str(row.context), str(row.context_language)) for row in CONTEXT}
    found = identify.identify([text for text, _ in given])
    wrong = [(code, text[:60]) for (text, code), is_in in zip(given, found, strict=True) if is_in != code.split("-")[0]]
    assert not wrong


def test_no_reference_is_another_one_translated_line_by_line() -> None:
    """Per request at most a third of the languages set their paragraphs in the same proportions."""

    def shape(text: str) -> tuple[int, ...]:
        parts = text.split("\n")
        return tuple(round(20 * len(part) / len(text)) for part in parts)

    by_request: dict[str, list[tuple[int, ...]]] = {}
    for row in MINI:
        # A message, a dialogue or one paragraph has its shape from its kind.
        if row.subset not in ("message", "complain", "letter", "notice", "story", "describe", "dialogue"):
            by_request.setdefault(row.id, []).append(shape(str(row.reference)))
    alike = {key: max(shapes.count(one) for one in shapes) for key, shapes in by_request.items()}
    assert max(alike.values()) <= len(benchmark.MINI_LANGUAGES) // 3, alike


def test_a_request_has_its_language_sentence_apart() -> None:
    for row in MINI:
        assert row.request is not None
        if row.response_language == "en":
            assert row.instruction == row.request
        else:
            rest = row.instruction.replace(row.request, "", 1).strip()
            assert rest, row.id
            assert rest[-1] in ".:", row.id
    for row in CONTEXT:
        assert row.request is not None
        assert row.request[-1] in ".?!。？！।", f"{row.id}: {row.request[-30:]!r} runs into the language sentence"


def test_a_name_in_another_script_stands_there_in_both() -> None:
    """Where context or request is Chinese or Hindi and the place is not, a Latin form is there."""
    latin = re.compile(r"[（(][^()（）]*[A-Za-zÀ-ž]{3,}[^()（）]*[)）]")
    of_place = {row.id.rsplit("-", 1)[0]: row.response_language for row in CONTEXT if row.subset == "same"}
    given = {
        (row.id.rsplit("-", 1)[0], f"{row.context} {row.request}")
        for row in CONTEXT
        if row.context_language in ("zh", "hi") or row.instruction_language in ("zh", "hi")
    }
    for key in {key for key, _ in given if of_place[key] not in ("zh", "hi")}:
        assert any(latin.search(text) for other, text in given if other == key), key


def test_contexts_follow_each_other_without_a_shared_item() -> None:
    names = sorted({row.id.rsplit("-", 1)[0] for row in CONTEXT})
    assert [int(name.split("-")[1]) for name in names] == list(range(1, len(names) + 1))
    contexts = sorted({str(row.context) for row in CONTEXT})
    assert all(one != other for one, other in pairwise(contexts))
