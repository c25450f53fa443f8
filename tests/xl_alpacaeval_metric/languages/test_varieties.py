"""Bosnian, Croatian and Serbian in Latin letters: told apart by the words of each, else one."""

from importlib import resources

import numpy as np
import pytest

from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.languages import identify
from xl_alpacaeval_metric.languages.fidelity import TextFidelity, text_fidelity
from xl_alpacaeval_metric.languages.own_model import VARIETIES, classifier, fasttext_file, varieties

# Written for these tests, not used to tune anything.
CLEAR = {
    "hr": [
        "Tko je jučer na kolodvoru čekao vlak za Rijeku, stigao je kući tek iza ponoći.",
        "U siječnju će sveučilište objaviti natječaj za mlade znanstvenike iz cijele Europe.",
        "Moja obitelj svaki tjedan na tržnici kupuje rajčice, mrkvu i svježi kruh.",
        "Tvrtka je priopćila da će u studenome zaposliti tisuću novih djelatnika.",
        "Liječnica mu je savjetovala da prestane pušiti i da se više kreće na zraku.",
        "Uključite računalo, otvorite preglednik i upišite svoju zaporku na zaslonu.",
        "Nogometna momčad otputovala je zrakoplovom u Španjolsku na zadnju utakmicu.",
    ],
    "bs": [
        "Ko je jučer na stanici čekao voz za Tuzlu, stigao je kući tek iza ponoći.",
        "U januaru će univerzitet raspisati konkurs za mlade naučnike iz cijele Evrope.",
        "Nena je za sabahom skuhala kahvu i ispekla somun koji smo pojeli s komšijama.",
        "Historijski arhiv općine sačuvao je hiljade dokumenata iz osmanskog vremena.",
        "Ljekar mu je savjetovao da svake sedmice pješači i da jede manje hljeba.",
        "Kantonalni sud je saopćio da će se suđenje nastaviti iduće sedmice u augustu.",
        "Uvijek smo historiju učili iz starih knjiga koje nam je davao komšija iz općine.",
    ],
    "sr-Latn": [
        "Ko je juče na stanici čekao voz za Niš, stigao je kući tek posle ponoći.",
        "U januaru će univerzitet raspisati konkurs za mlade naučnike iz cele Evrope.",
        "Deca su ceo dan provela na reci, a uveče su jela hleb sa belim sirom i mlekom.",
        "Niko ne zna gde je nestao sneg koji je prošle nedelje pao na ovom ostrvu.",
        "Lekar mu je savetovao da prestane da puši i da se više kreće na vazduhu.",
        "Videćemo da li će predsednik opštine hteti da razgovara sa novinarima.",
        "Pre nego što počnete da kuvate, operite šargarepu i isecite je na kolutove.",
    ],
}
# None of these has a word that only one or two of the three write.
NEUTRAL = [
    "Danas je na ulici bilo mnogo ljudi i automobila.",
    "Ana i Marko putuju u Berlin da kupe novi auto.",
    "Ova knjiga ima tri stotine strana i puno slika.",
    "Otac radi u banci, a majka u maloj školi blizu parka.",
    "Moj brat igra tenis i svira gitaru nedaleko od kuće.",
    "Kupio sam crne cipele, kaput i dva para rukavica.",
    "Sa sestrom sam kupio kartu za muzej u centru grada.",
    "Knjiga je na stolu u kuhinji, a krava na livadi.",
    "Danas je toplo i sunčano.",
    "Kupio sam jaja, sir, maslac i ulje.",
    "Moja sestra je napisala pismo i poslala ga prijatelju u drugi grad.",
    "Bolesnik ima temperaturu i boli ga glava.",
]
EVERY = tuple(CLEAR)


def found(text: str, language: str) -> TextFidelity:
    return text_fidelity(text, language)


@pytest.mark.parametrize("code", EVERY)
def test_clear_sentences_pass_in_their_own_language(code: str) -> None:
    assert identify.matches(CLEAR[code], code, "Latn") == [True] * len(CLEAR[code])


@pytest.mark.parametrize(
    ("asked", "code"), [("hr", "sr-Latn"), ("sr-Latn", "hr"), ("bs", "sr-Latn"), ("sr-Latn", "bs")]
)
def test_clear_sentences_fail_between_serbian_and_the_others(asked: str, code: str) -> None:
    through = [
        line for line, right in zip(CLEAR[code], identify.matches(CLEAR[code], asked, "Latn"), strict=True) if right
    ]
    assert len(through) <= (1 if asked == "bs" or code == "bs" else 0), through


def test_most_clear_sentences_fail_between_croatian_and_bosnian() -> None:
    assert sum(identify.matches(CLEAR["bs"], "hr", "Latn")) <= 2
    assert sum(identify.matches(CLEAR["hr"], "bs", "Latn")) <= 2


@pytest.mark.parametrize("code", EVERY)
def test_sentences_without_evidence_pass_for_all_three(code: str) -> None:
    assert identify.matches(NEUTRAL, code, "Latn") == [True] * len(NEUTRAL)
    for line in NEUTRAL:
        one = found(line, code)
        assert (one.fidelity, one.answered_in, one.switched) == (100.0, code, False)


def test_what_was_answered_is_named_by_the_evidence() -> None:
    texts = {code: "\n".join(lines) for code, lines in CLEAR.items()}
    for asked in ("hr", "sr-Latn", "de", "sl"):
        for code, text in texts.items():
            assert found(text, asked).answered_in == code, (asked, code)
    assert found(texts["hr"], "sr").answered_in == "hr"
    advice = (
        "Evo nekoliko savjeta kako lakše učiti:\n\n"
        "1. Napravite raspored za cijeli tjedan i podijelite gradivo na manje cjeline.\n"
        "2. Učite uvijek u isto vrijeme i na istom mjestu."
    )
    assert {found(advice, asked).answered_in for asked in ("hr", "sr-Latn", "sr", "de", "en")} == {"hr"}
    assert found(texts["sr-Latn"], "sr").answered_in == "sr-Latn"


def test_without_evidence_the_one_asked_for_is_named_else_croatian() -> None:
    text = "\n".join(NEUTRAL)
    assert [found(text, asked).answered_in for asked in ("bs", "hr", "sr-Latn", "sr", "de")] == [
        *("bs", "hr", "sr-Latn", "sr-Latn", "hr"),
    ]
    assert identify.identify(NEUTRAL) == ["hr"] * len(NEUTRAL)


@pytest.mark.parametrize("code", EVERY)
def test_short_lines_fail_only_with_a_word_of_another(code: str) -> None:
    assert identify.matches(["Hvala na pomoći", "Dobro jutro", "Sutra radim od osam"], code, "Latn") == [True] * 3
    assert identify.matches(["12345", ""], code, "Latn") == [False, False]


def test_short_lines_with_words_of_one_fail_in_another() -> None:
    assert identify.matches(["Gde je deda Mile?", "Lepo vreme za decu"], "hr", "Latn") == [False, False]
    assert identify.matches(["Tko je sljedeći?", "Tisuću puta hvala"], "sr-Latn", "Latn") == [False, False]


def test_names_of_places_and_people_are_no_evidence() -> None:
    lines = [
        "Vlak iz Beograda za Novi Sad vozi svakih sat vremena, a putuje se manje od jednog sata.",
        "Predsjednik Srbije Aleksandar Vučić doputovao je u Zagreb na sastanak o gospodarstvu.",
    ]
    assert identify.matches(lines, "hr", "Latn") == [True, True]
    serbian = "Voz iz Zagreba za Beograd vozio je svakog dana, a putovalo se celu noć preko Vinkovaca."
    assert identify.matches([serbian], "sr-Latn", "Latn") == [True]


def test_a_croatian_text_may_quote_serbian() -> None:
    text = (
        "Na kraju je predsjednik kluba uzeo riječ i zahvalio navijačima što su tijekom cijele godine pratili momčad. "
        "Trener je rekao: „Sve je lepo što se lepo završi“, a zatim su svi zajedno otišli na večeru. "
        "Sljedeći tjedan momčad kreće na pripreme u Istru, gdje će odigrati tri prijateljske utakmice."
    )
    one = found(text, "hr")
    assert (one.line_pass, one.fidelity, one.answered_in, one.switched) == (True, 100.0, "hr", False)


def test_a_serbian_sentence_in_a_croatian_line_is_a_switch() -> None:
    serbian = CLEAR["sr-Latn"][2]
    text = f"{CLEAR['hr'][0]} {serbian} {CLEAR['hr'][2]}"
    one = found(text, "hr")
    assert one.switched is True
    assert [(text[span.start : span.end].strip(), span.language) for span in one.spans] == [(serbian, "sr-Latn")]


def test_an_answer_in_serbian_to_a_croatian_prompt_is_counted_as_such() -> None:
    answer = (
        "Evo nekoliko saveta kako da lakše učite:\n\n"
        "1. Podelite gradivo na manje celine i napravite raspored za celu nedelju.\n"
        "2. Učite uvek u isto vreme i na istom mestu.\n"
        "3. Posle svakog sata napravite kratku pauzu i prošetajte.\n"
        "4. Ponovite sve što ste naučili pre nego što odete na spavanje."
    )
    one = found(answer, "hr")
    assert (one.line_pass, one.answered_in) == (False, "sr-Latn")
    assert one.fidelity is not None
    assert one.fidelity < 20
    assert found(answer, "sr-Latn").line_pass is True


def test_a_line_of_a_text_is_named_as_the_text_is_unless_it_is_clearly_in_another() -> None:
    slightly = "Gradonačelnik je najavio da će naredne godine biti obnovljene sve osnovne škole u centru grada."
    assert found(slightly, "en").answered_in == "hr"
    text = "\n".join([*CLEAR["sr-Latn"][:3], slightly])
    assert {found(text, asked).answered_in for asked in ("en", "de", "sr", "hr", "sr-Latn")} == {"sr-Latn"}
    assert found("\n".join([*CLEAR["sr-Latn"][:2], *CLEAR["hr"][:2]]), "en").answered_in == "mixed"


def test_lines_without_evidence_go_with_the_other_lines_of_their_text() -> None:
    text = "\n".join([*CLEAR["sr-Latn"][2:5], *NEUTRAL[:3]])
    one = found(text, "hr")
    assert (one.line_pass, one.fidelity, one.answered_in) == (False, 0.0, "sr-Latn")
    assert found(text, "sr-Latn").fidelity == 100.0
    croatian = "\n".join([*CLEAR["hr"][:3], *NEUTRAL[:3]])
    assert found(croatian, "hr").fidelity == 100.0
    assert found(croatian, "sr-Latn").answered_in == "hr"


def test_a_line_that_is_slightly_in_another_goes_with_its_text() -> None:
    slightly = "Biblioteka je zatvorena, a sva muzika je snimljena na vrpcu."
    assert identify.matches([slightly], "hr", "Latn") == [False]
    one = found("\n".join([slightly, *CLEAR["hr"][:3]]), "hr")
    assert (one.line_pass, one.fidelity, one.answered_in) == (True, 100.0, "hr")


def test_one_line_in_another_does_not_take_those_without_evidence_along() -> None:
    one = found("\n".join([CLEAR["sr-Latn"][2], *NEUTRAL]), "hr")
    assert one.answered_in in ("hr", "mixed")
    assert one.fidelity is not None
    assert 60 < one.fidelity < 100


@pytest.mark.parametrize("code", ["sr-ME", "sr-Latn-ME", "sr-Latn-BA", "cnr", "sr-Latn-ijekavsk"])
def test_ijekavian_serbian_may_be_written_as_bosnian_is(code: str) -> None:
    montenegrin = "Đeca su juče cijeli dan bila na rijeci, a uveče su svi zajedno jeli bijeli hljeb i sir."
    canonical = languages.get(code).code
    assert identify.matches([montenegrin, CLEAR["sr-Latn"][2]], canonical, "Latn") == [True, True]
    assert identify.matches([CLEAR["hr"][1]], canonical, "Latn") == [False]


def test_a_span_in_another_text_is_named_by_its_words() -> None:
    german = (
        "Gestern habe ich meine Tante in Belgrad besucht und lange mit ihr gesprochen. "
        "{} Danach sind wir zusammen durch die Stadt gegangen und haben Eis gegessen."
    )
    for code in ("hr", "sr-Latn"):
        one = found(german.format(CLEAR[code][2]), "de")
        assert [span.language for span in one.spans] == [code]


class _AlwaysCroatian:
    """Stands in for a fastText model."""

    def predict(self, line: str, number: int, threshold: float, errors: str) -> list[tuple[float, str]]:
        return [(0.99, "__label__hrv_Latn")]


def test_another_identifier_decides_alone() -> None:
    text = "\n".join(CLEAR["sr-Latn"])
    with identify.use_model(_AlwaysCroatian(), "stand-in", {"hrv_Latn": "hr"}):
        one = found(text, "hr")
    assert (one.line_pass, one.fidelity, one.answered_in) == (True, 100.0, "hr")


def test_another_identifier_that_knows_one_of_the_three_tells_serbo_croatian() -> None:
    text = "\n".join(CLEAR["hr"])
    with identify.use_model(_AlwaysCroatian(), "stand-in", {"hrv_Latn": "hr"}):
        assert (identify.supported("sh"), identify.supported("sr-Latn")) == (True, False)
        one = found(text, "sh")
    assert (one.line_pass, one.fidelity, one.answered_in) == (True, 100.0, "sh")


def test_log_odds_are_sums_over_words() -> None:
    text = CLEAR["sr-Latn"][3]
    model = classifier.load()
    whole = varieties._scores(model.read([text]))[0]
    alone = varieties._scores(model.read(text.split())).sum(0)
    np.testing.assert_allclose(whole, alone, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(varieties._scores(model.read(["", "123"])), 0.0)


def test_the_file_holds_one_row_a_bucket_and_no_words() -> None:
    data = resources.files("xl_alpacaeval_metric").joinpath("data/varieties.bin").read_bytes()
    model = fasttext_file.parse(data)
    assert model.labels == VARIETIES
    assert (model.words, model.inputs.shape) == ({}, (model.buckets, 2))
    assert len(data) < 500_000
