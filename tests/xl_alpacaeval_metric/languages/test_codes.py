"""All codes of languages that people write: each resolves, or is refused in one line."""

import re
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest

from tests.commands import run_python
from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.languages import identify
from xl_alpacaeval_metric.languages.fidelity import language_fidelity

FLORES_200 = Path(__file__).with_name("flores_200.txt").read_text(encoding="utf-8").split()
BIBLIOGRAPHIC = {
    **{"alb": "sq", "arm": "hy", "baq": "eu", "bur": "my", "chi": "zh", "cze": "cs", "dut": "nl", "fre": "fr"},
    **{"geo": "ka", "ger": "de", "gre": "el", "ice": "is", "mac": "mk", "mao": "mi", "may": "ms", "per": "fa"},
    **{"rum": "ro", "slo": "sk", "tib": "bo", "wel": "cy"},
}
"""ISO 639-2's second code of a language."""
INDIVIDUAL = {
    **{"cmn": "zh", "arb": "ar", "swh": "sw", "zsm": "ms", "pes": "fa", "ekk": "et", "lvs": "lv", "khk": "mn"},
    **{"npi": "ne", "ory": "or", "plt": "mg", "uzn": "uz", "gaz": "om", "kmr": "ku", "ydd": "yi", "azj": "az"},
}
"""The main language of a macrolanguage."""
NO_LANGUAGES = {"und", "mul", "mis", "zxx"}


def registry() -> Iterator[str]:
    """The languages of IANA's registry: all of ISO 639-1, 639-3 and their macrolanguages."""
    text = resources.files("langcodes").joinpath("data/language-subtag-registry.txt").read_text(encoding="utf-8")
    for record in text.split("%%"):
        if "Type: language\n" in record:
            found = re.search(r"^Subtag: (\S+)$", record, re.MULTILINE)
            if found and ".." not in found[1]:  # A range for private use.
                yield found[1]


def test_every_iso_639_code_resolves() -> None:
    codes = list(registry())
    assert len(codes) > 8000
    refused = set()
    for code in codes:
        try:
            found = languages.get(code)
        except UserError as error:
            refused.add((code, str(error).count("\n")))
        else:
            assert languages.get(found.code).code == found.code
            assert found.name
    assert refused == {(code, 0) for code in NO_LANGUAGES}


def test_every_flores_200_code_resolves() -> None:
    assert len(FLORES_200) == 204
    for code in FLORES_200:
        found = languages.get(code)
        assert languages.get(found.code) == found
        assert found.script is not None, code
    supported = [code for code in FLORES_200 if identify.supported(languages.get(code).code)]
    assert len(supported) >= 145


def test_names_load_no_more_than_they_need() -> None:
    """The names of all languages of the world take more memory than everything else."""
    codes = [*FLORES_200, "sr-Latn", "hi-Latn", "uz-Cyrl", "pt-AO", "zh-Hant-HK"]
    said = (
        "import sys; from xl_alpacaeval_metric import languages; "
        f"print(*(languages.get(code).name for code in {codes}), sep='; '); print('language_data' in sys.modules)"
    )
    names, loaded = run_python("-c", said).stdout.splitlines()
    assert names.endswith(
        "Serbian (Latin); Hindi (Latin); Uzbek (Cyrillic); Portuguese (Angola); "
        "Chinese (Traditional, Hong Kong SAR China)"
    )
    assert loaded == "False"


@pytest.mark.parametrize(("code", "canonical"), [*BIBLIOGRAPHIC.items(), *INDIVIDUAL.items()])
def test_other_codes_of_a_language(code: str, canonical: str) -> None:
    assert languages.get(code).code == canonical


@pytest.mark.parametrize(
    ("code", "scored"),
    [
        *[("pa-IN", True), ("pa-PK", False), ("uz-AF", False), ("kk-CN", False), ("sr-ME", True), ("crh", False)],
        *[
            ("crh-Latn", True),
            ("yue-Hans", True),
            ("zh-Latn", False),
            ("ca-ES-valencia", True),
            ("zh-HK", True),
            ("de-CH-1901", True),
            ("cmn_Hani", True),
            ("yue_Hani", True),
            ("quy_Latn", True),
            ("twi_Latn", True),
        ],
    ],
)
def test_the_script_of_a_region_is_scored_where_it_is_known(code: str, scored: bool) -> None:
    assert identify.supported(languages.get(code).code) is scored


@pytest.mark.parametrize("code", ["qaa", "xx", "zz", "qqq", "eng_Lat", "de-Xyzw", "123", "", "und", "mul"])
def test_what_is_no_language_is_refused_in_one_line(code: str) -> None:
    with pytest.raises(UserError) as caught:
        languages.get(code)
    assert "\n" not in str(caught.value)


def test_a_language_that_no_identifier_knows_is_named_and_not_scored() -> None:
    found = language_fidelity(["Ama dina machka qhichwapi parlani kunan punchaw."], ["taq_Tfng"])
    assert found.unsupported == ("taq-Tfng",)
    assert (found.line_pass_rate, found.fidelity, found.coverage) == (None, None, 0)
