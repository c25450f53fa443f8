"""What answers are made of: the language they are in, switches inside them, what is no language."""

import pytest

from xl_alpacaeval_metric.languages import content, labels
from xl_alpacaeval_metric.languages.fidelity import TextFidelity, language_fidelity, text_fidelity

FINNISH = "Kissa nukkuu suurimman osan päivästä, koska se säästää voimia metsästykseen."
CODE_ANSWER = """Näin luet tiedoston Pythonilla:

```python
import json
with open("file.json") as handle:
    data = json.load(handle)
print("the number of items in the file is", len(data))
```

Funktio `json.load` palauttaa sanakirjan, jonka avaimet ovat merkkijonoja. Katso lisää osoitteesta
https://docs.python.org/3/library/json.html tai kysy työkaverilta."""
IN_OTHER_LETTERS = (
    # Hindi, Urdu, Arabic, Russian, Bulgarian, Greek, Chinese, Japanese, Korean, Persian, Bangla,
    # Tamil, Telugu, Marathi, Georgian, Armenian, Thai, Hebrew; English.
    "meri behen ne kal bazaar se nayi kitaab kharidi aur mujhe dikhayi",
    "jab baarish hoti hai to hum chai aur pakode khaate hain",
    "mausam bohat khushgawar tha is liye hum ne sair ka irada kiya",
    "ra7 nrou7 3al ba7r bokra iza el ta2s kan mnee7",
    "qara'tu hadha al-kitab marratayn wa lam afham nihayatahu",
    "vchera my vsei semyoi ezdili na dachu i sazhali kartoshku",
    "u menya net vremeni smotret televizor po vecheram",
    "utre shte hodim na pazar zashtoto nyamame hlyab i mlyako",
    "to vradi tha pame ola ta paidia mazi sto theatro",
    "o pateras mou doulevei se ena megalo nosokomeio stin poli",
    "tamen zuo huoche qu Beijing lüxing, yilu shang pai le hen duo zhaopian",
    "wo mama mei tian zaoshang wu dian jiu qi chuang zuo fan",
    "ashita no asa wa hayaku okite yama ni noboru tsumori desu",
    "eoje bameneun biga manhi naeryeoseo jibe iljjik deureogasseoyo",
    "diruz ba khanevade be bagh raftim va nahar kabab khordim",
    "kal raate khub brishti hoyeche tai rastay jol jome geche",
    "nethu raathiri mazhai romba adhigama peythathu athanaal veettukku poga mudiyala",
    "ninna ratri chala varsham padindi kabatti memu intlone unnamu",
    "kal ratri khup paus padla mhanun amhi gharich thamblo",
    "gushin saghamos dzlieri tsvima movida da sakhlshi davrchit",
    "erek yereko shat andzrev yekav u menk tany mnatsink",
    "muea khuen fon tok nak maak rao loei mai dai ok pai nai",
    "etmol balaila yarad geshem chazak velachen nisharnu babayit",
    "зис морнинг ай вент ту зе маркет энд бот сам фреш бред",
)
FINNISH_WITH_ENGLISH = (
    "Lähde liikkeelle aikaisin aamulla, koska valo on pehmeämpi ja kadut ovat vielä hiljaisia. "
    "Take a small bag with water, some bread and a warm jacket for the evening. "
    "Ask the neighbours about the old path along the river. "
    "When you come back, wash the boots at once and let them dry slowly."
)


def found(text: str, language: str) -> TextFidelity:
    return text_fidelity(text, language)


def test_a_right_answer_full_of_code_is_in_its_language() -> None:
    one = found(CODE_ANSWER, "fi")
    assert (one.fidelity, one.answered_in, one.switched) == (100.0, "fi", False)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (
            "WICHTIGE HINWEISE FÜR ALLE FAHRGÄSTE IM ZUG\nBitte halten Sie Ihre Fahrkarten für die Kontrolle bereit.",
            "de",
        ),
        ("TÄRKEITÄ OHJEITA KAIKILLE MATKUSTAJILLE JUNASSA TÄNÄÄN", "fi"),
    ],
)
def test_capitals_pass(text: str, code: str) -> None:
    one = found(text, code)
    assert (one.line_pass, one.fidelity, one.answered_in) == (True, 100.0, code)


def test_english_capitals_are_no_japanese() -> None:
    one = found("HOW MANY TEMPERATURE INTERVALS ARE POSSIBLE TO USE WITH ACRYL?", "ja")
    assert (one.line_pass, one.fidelity, one.answered_in) == (False, 0.0, "en")


def test_one_word_is_not_scored() -> None:
    one = found("Kyllä", "fi")
    assert (one.line_pass, one.scored, one.fidelity, one.answered_in, one.switched) == (None, False, None, "none", None)


@pytest.mark.parametrize("text", ["© ® ™ € £ ¥ §", "1 2 3 4 5 6 7", "① ② ③ ④ ⑤ ⑥", "?! ... !! -- ;; ::"])
def test_an_answer_without_letters_is_in_no_language(text: str) -> None:
    found = [text_fidelity(text, code) for code in ("en", "zh", "hi", "sh")]
    assert {(one.fidelity, one.answered_in) for one in found} == {(None, "none")}


def test_romanised_hindi_is_no_hindi() -> None:
    one = found("aaj mausam bahut achha hai aur bachche bagiche mein khel rahe hain", "hi")
    assert (one.line_pass, one.fidelity) == (False, 0.0)
    assert one.answered_in != "hi"


@pytest.mark.parametrize("code", ["de", "hi"])
def test_a_language_in_the_letters_of_others_is_mostly_not_named(code: str) -> None:
    named = {text: answer for text in IN_OTHER_LETTERS if (answer := found(text, code).answered_in) != "none"}
    assert len(named) <= 1, named


def test_a_sentence_in_the_letters_of_another_language_is_a_switch_without_a_name() -> None:
    one = found(f"आज मौसम बहुत अच्छा है और बच्चे खेल रहे हैं।\n{IN_OTHER_LETTERS[0]}\nकल हम बाज़ार जाएँगे और सब्ज़ी लाएँगे।", "hi")
    assert (one.switched, one.answered_in, [span.language for span in one.spans]) == (True, "mixed", ["und"])


def test_serbian_is_cyrillic_unless_latin_is_asked() -> None:
    latin = "Danas je lepo vreme i deca se igraju u parku, a roditelji sede na klupi i razgovaraju."
    cyrillic = "Данас је лепо време и деца се играју у парку, а родитељи седе на клупи и разговарају."
    assert (found(latin, "sr").line_pass, found(latin, "sr").answered_in) == (False, "sr-Latn")
    assert found(latin, "sr-Latn").line_pass is True
    assert found(cyrillic, "sr").line_pass is True
    assert (found(cyrillic, "sr-Latn").line_pass, found(cyrillic, "sr-Latn").answered_in) == (False, "sr")


def test_the_span_of_a_sentence_begins_with_its_first_word() -> None:
    sentences = ["Cats sleep for most of the day.", "They save strength for the hunt, as lions do."]
    text = f"{FINNISH}\n{' '.join(sentences)}"
    assert [text[span.start : span.end] for span in text_fidelity(text, "fi").spans] == sentences


def test_malay_is_no_indonesian() -> None:
    malay = "Kerajaan akan memberi wang kepada syarikat yang berjaya kerana perkhidmatan itu penting bagi kesihatan."
    indonesian = (
        "Pemerintah akan memberi uang kepada perusahaan yang berhasil karena layanan itu penting bagi kesehatan."
    )
    assert (found(malay, "id").line_pass, found(malay, "id").answered_in) == (False, "ms")
    assert found(malay, "ms").line_pass is True
    assert found(indonesian, "id").line_pass is True
    assert found(indonesian, "ms").line_pass is False


def test_simplified_and_traditional_chinese() -> None:
    simplified, traditional = (
        "今天天气很好，我们去公园玩，孩子们都很开心。",
        "今天天氣很好，我們去公園玩，孩子們都很開心。",
    )
    for code, right, wrong, other in (
        ("zh-Hans", simplified, traditional, "zh-Hant"),
        ("zh-TW", traditional, simplified, "zh-Hans"),
    ):
        assert found(right, code).line_pass is True, code
        assert (found(wrong, code).line_pass, found(wrong, code).answered_in) == (False, other), code
    assert found(simplified, "zh").line_pass is True
    assert found(traditional, "zh").line_pass is True


@pytest.mark.parametrize(
    ("text", "code", "other"),
    [
        ("Jeg vet ikke hvorfor ingen har fortalt oss at butikken stenger tidligere i dag.", "da", "nb"),
        ("Eg veit ikkje kvifor ingen har fortalt oss at butikken stengjer tidlegare i dag.", "nb", "nn"),
        ("Ek verstaan nie hoekom niemand vir ons gesê het dat die winkel vroeër toemaak nie.", "nl", "af"),
        ("我哋聽日去飲茶啦，你嚟唔嚟呀？我已經訂咗位喇。", "zh", "yue"),
    ],
)
def test_a_near_language_is_named(text: str, code: str, other: str) -> None:
    one = found(text, code)
    assert (one.line_pass, one.answered_in) == (False, other)


@pytest.mark.parametrize(
    ("text", "code", "other"),
    [
        (
            "Zítra pojedeme na výlet do hor. W niedzielę pójdziemy wszyscy razem do kina na nowy film. Potom si dáme "
            "oběd.",
            "cs",
            "pl",
        ),
        # These lines pass.
        (
            "Міст через річку збудували сто років тому. Летом здесь купаются дети из соседних домов. Узимку вода "
            "замерзає.",
            "uk",
            "ru",
        ),
        (
            "Vi spiser altid morgenmad i haven om sommeren. Sedan cyklar vi till stranden och badar hela "
            "eftermiddagen. Om aftenen er vi trætte.",
            "da",
            "sv",
        ),
        ("京都には古い寺がたくさんあります。我们昨天去了一家很小的茶馆喝茶。とても楽しかったです。", "ja", "zh"),
        (
            "我們昨天參觀了博物館，學到很多東西。今天我们打算去图书馆看书。晚上還要跟朋友們見面聊天。",
            "zh-Hant",
            "zh-Hans",
        ),
        # No word here is one that says where to look.
        ("Dnes je hezky. Jutro pojedziemy do babci na wieś. Těším se.", "cs", "pl"),
        (
            "Avui fa molt de sol a la platja. Ayer fuimos a pasear con los niños por el puerto. Demà ens quedarem a casa "
            "tot el dia.",
            "ca",
            "es",
        ),
        (
            "Danes je zelo toplo in sončno. Jučer smo cijeli dan šetali uz more i jeli sladoled. Jutri bomo ostali doma "
            "in počivali.",
            "sl",
            "hr",
        ),
        (
            "Pagi ini saya berbelanja di pasar karena persediaan di rumah sudah habis. Kereta saya rosak jadi pejabat "
            "membenarkan saya bercuti hari ini. Besok saya akan kembali bekerja seperti biasa.",
            "id",
            "ms",
        ),
        (
            "Nagpunta kami sa palengke kahapon ng umaga. Mas maayo nga mosakay ta og dyip kay layo kaayo ang "
            "eskwelahan. Masarap ang isda na nabili namin doon.",
            "fil",
            "ceb",
        ),
        # A quotation ends the sentence before.
        (
            "Pigen spurgte, om vi kunne tage i biografen. Mamma svarade att filmen var ”alldeles för lång”. Bagefter "
            "gik vi alle sammen hjem og spiste.",
            "da",
            "sv",
        ),
        ("ልጆቹ ትናንት ወደ ትምህርት ቤት ሄዱ። ንሕና ድማ ናብ ዕዳጋ ከይድና ፍረታት ዓዲግና። ዛሬ ግን ሁላችንም ቤት ውስጥ ነን።", "am", "ti"),
    ],
)
def test_a_sentence_in_a_near_language_is_a_switch_where_they_are_told_apart(text: str, code: str, other: str) -> None:
    one = found(text, code)
    assert (one.switched, one.answered_in, [span.language for span in one.spans]) == (True, "mixed", [other])


@pytest.mark.parametrize(
    ("text", "code", "least"),
    [
        ("Se sijaitsee Suomessa. It is a very nice place to live in with your family.", "fi", 20),
        ("Nem tudom biztosan. You should call the office before noon and ask for help. Sok szerencsét!", "hu", 30),
        ("Tässä on vastaus kysymykseesi:\n\nThe lake is deep and cold, so nobody swims there in spring.", "fi", 25),
    ],
)
def test_short_sentences_around_a_foreign_one_count(text: str, code: str, least: float) -> None:
    one = found(text, code)
    assert one.fidelity is not None
    assert (least < one.fidelity < least + 20, one.switched, one.answered_in) == (True, True, "mixed")


def test_a_span_is_found_beside_a_word_that_no_language_knows() -> None:
    text = "Das Meeting ist heute very important because wir müssen die Deadline einhalten and deliver the product on time."
    one = found(text, "de")
    assert [(text[span.start : span.end], span.language) for span in one.spans] == [
        ("and deliver the product on time", "en")
    ]


def test_names_of_institutions_and_loans_are_no_switch() -> None:
    one = found(
        "The École normale supérieure, the École polytechnique and the Institut d'études politiques de Paris are among "
        "the grandes écoles that train the élite of the country.",
        "en",
    )
    assert (one.fidelity, one.answered_in, one.switched) == (100.0, "en", False)


def test_a_signature_is_in_no_language() -> None:
    one = found(
        "Saludos de parte de todo el equipo y hasta la próxima semana.\n\nUn saludo,\nRosa Vidal\nHead of Design", "es"
    )
    assert (one.fidelity, one.answered_in, one.switched) == (100.0, "es", False)


def test_a_short_last_sentence_goes_with_the_one_before() -> None:
    one = found("Сегодня утром я встал рано, выпил кофе и пошёл на работу. Автобус опоздал.", "uk")
    assert (one.fidelity, one.answered_in) == (0.0, "ru")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Hier sind einige Alben:\n\n* Dark Side of the Moon\n* A Night at the Opera\n\nViel Freude beim Hören!", "de"),
        (
            "İzlediğim filmler:\n- The Silence of the Lambs\n- One Flew Over the Cuckoo's Nest\n\nİkisini de beğendim.",
            "tr",
        ),
        ("Lukekaa nämä kirjat ensi kesänä:\n1. The Great Gatsby – F. Scott Fitzgerald\n2. Das Leben der Anderen", "fi"),
        ("Вот список хороших книг на лето:\n1. **The Lord of the Rings**\n2. **To Kill a Mockingbird**", "ru"),
    ],
)
def test_a_list_of_titles_is_in_no_language(text: str, code: str) -> None:
    one = found(text, code)
    assert (one.fidelity, one.answered_in, one.switched) == (100.0, code, False)


@pytest.mark.parametrize("line", ["## How to Bake Bread at Home", "This Is How You Bake Bread at Home."])
def test_a_heading_or_a_sentence_with_many_capitals_is_no_title(line: str) -> None:
    one = found(f"{line}\n\n{FINNISH}", "fi")
    assert (one.switched, [span.language for span in one.spans]) == (True, ["en"])


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (
            "- Pese kädet huolellisesti saippualla.\n- Always wear gloves in the kitchen.\n- Leikkaa sipulit pieniksi.",
            "fi",
        ),
        ("- Hände waschen\n- Always wear gloves in the kitchen.\n- Zwiebeln klein schneiden", "de"),
        ("- Ellerini yıka.\n- Always wear gloves in the kitchen.\n- Soğanları ince doğra.", "tr"),
    ],
)
def test_short_lines_count_around_a_long_one_in_another_language(text: str, code: str) -> None:
    one = found(text, code)
    assert (one.switched, one.answered_in) == (True, "mixed")
    assert one.fidelity is not None
    assert 45 < one.fidelity < 75


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (
            "**Mette:** Har du set, at Netto har lukket?\n**Bo:** Ja, og hvad så? Vi kan da bare tage i Føtex.\n"
            "**Mette:** Det er ikke det samme. Der var hun jo, hende kassedamen med det store grin.\n"
            "**Bo:** Åh. Hende.\n**Mette:** Ja. Hende.",
            "da",
        ),
        (
            "Tentu! Ini resep rendang untuk 6 porsi:\n\n- 1 kg daging sapi, potong 4 cm\n- 3 lembar daun jeruk, 2 batang "
            "serai\n\nMasak dengan api kecil selama 3–4 jam sambil diaduk sampai santan mengering dan bumbunya berwarna "
            "cokelat tua.",
            "id",
        ),
        (
            "Sudah tentu! Berikut draf surat rasmi anda:\n\nMerujuk kepada perkara di atas, saya ingin memohon cuti tanpa "
            "gaji selama dua minggu mulai 3 Mac 2025 kerana perlu menjaga ibu saya yang baru menjalani pembedahan. Semua "
            "tugasan telah saya serahkan kepada rakan sepejabat saya.",
            "ms",
        ),
    ],
)
def test_a_short_line_that_may_be_in_the_language_goes_with_a_long_text(text: str, code: str) -> None:
    assert text_fidelity(text, code).fidelity == 100.0


def test_short_lines_of_an_english_answer_are_not_finnish() -> None:
    one = found("First Steps\nAlways wear gloves in the kitchen.\nThen wash them\nDry them on a clean towel.", "fi")
    assert (one.fidelity, one.answered_in) == (0.0, "en")


@pytest.mark.parametrize(
    ("code", "own", "language", "other"),
    [
        (
            "it",
            "Mia nonna prepara la pasta fresca ogni domenica mattina presto",
            "cs",
            "Tramvaj zase přijela pozdě, takže jsem zmeškal začátek filmu",
        ),
        (
            "pt",
            "A minha avó guarda as cartas antigas numa caixa de bolachas",
            "fil",
            "Nagluto si Nanay ng adobo dahil darating ang mga pinsan ko mamaya",
        ),
        (
            "uz",
            "Agar ertaga yomg'ir yog'masa, bolalar bilan daryo bo'yiga boramiz",
            "sv",
            "Igår kväll satt vi på bryggan och åt kräftor med grannarna",
        ),
        (
            "fr",
            "On a raté le dernier métro et on est rentrés à pied",
            "az",
            "Qardaşım universiteti bitirəndən sonra kənddə kiçik bir mağaza açdı",
        ),
    ],
)
def test_half_of_a_line_in_another_language_is_half_of_it(code: str, own: str, language: str, other: str) -> None:
    for text in (f"{own} {other}", f"{other} {own}"):
        one = found(text, code)
        assert one.fidelity is not None
        assert one.fidelity == pytest.approx(100 * len(own) / len(text), abs=12)
        assert (one.answered_in, one.switched) == ("mixed", True)
        assert [span.language for span in one.spans] == [language]


def test_an_english_answer_with_a_finnish_first_line() -> None:
    one = found(
        "Tänään puhumme säästä ja siitä, miten se muuttuu.\n"
        "The weather is going to be cold and rainy for most of the week.\n"
        "You should bring a warm jacket and an umbrella when you go out.\n"
        "There may be some snow in the mountains on Friday evening.\n"
        "On Sunday the sun comes back and it will be warm again by the sea.",
        "fi",
    )
    assert (one.line_pass, one.switched) == (False, True)
    assert one.answered_in == "en"
    assert one.fidelity is not None
    assert one.fidelity < 25


def test_three_english_sentences_in_a_finnish_paragraph() -> None:
    one = found(FINNISH_WITH_ENGLISH, "fi")
    assert (one.switched, one.answered_in) == (True, "mixed")
    assert {span.language for span in one.spans} == {"en"}
    english = FINNISH_WITH_ENGLISH[FINNISH_WITH_ENGLISH.index("Take") :]
    covered = "".join(FINNISH_WITH_ENGLISH[span.start : span.end] for span in one.spans)
    assert len(covered) > 0.9 * len(english)


@pytest.mark.parametrize(
    ("text", "code", "language", "part"),
    [
        (
            "Esta es una respuesta larga en español pero suddenly I switch to English because I am a language model "
            "que no sabe quedarse en español durante toda la respuesta.",
            "es",
            "en",
            "switch to English because",
        ),
        (
            "Wir fahren morgen mit dem Zug nach Hamburg, puis nous mangeons dans un petit restaurant au bord de la mer, "
            "und am Abend sind wir wieder zu Hause.",
            "de",
            "fr",
            "mangeons dans un petit restaurant",
        ),
        (
            "Сегодня мы идём в парк, where the children can play until it gets dark, а потом ужинаем дома.",
            "ru",
            "en",
            "children can play until",
        ),
        (
            "今日は公園に行って, then we had dinner with our friends at home, とても楽しかったです。",
            "ja",
            "en",
            "dinner with our friends",
        ),
        (
            "Huomenna menemme torille, потому что там продают свежую рыбу и овощи, ja sitten syömme yhdessä.",
            "fi",
            "ru",
            "продают свежую рыбу",
        ),
        (
            "Der Chef schrieb WE NEED TO FINISH THIS TODAY in die Gruppe, und alle waren genervt.",
            "de",
            "en",
            "WE NEED TO FINISH THIS TODAY",
        ),
    ],
)
def test_a_switch_inside_a_line_is_found(text: str, code: str, language: str, part: str) -> None:
    one = found(text, code)
    assert one.switched is True
    assert [span.language for span in one.spans] == [language]
    span = one.spans[0]
    assert part in text[span.start : span.end]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (
            "Wir nutzen Machine Learning und Continuous Integration, um den Code zu testen. Der Pull Request wird vom "
            "Reviewer gemerged, danach startet das Deployment in die Cloud. Das heißt Single Sign-On im Backend.",
            "de",
        ),
        (
            'Shakespeare schrieb "To be or not to be, that is the question", und dieser Satz ist bis heute bekannt.',
            "de",
        ),
        (
            "Das Sprichwort „The early bird catches the worm“ entspricht dem deutschen „Morgenstund hat Gold im Mund“.",
            "de",
        ),
        ("Der Film heißt im Original The Lord of the Rings und wurde in Neuseeland gedreht.", "de"),
        ("Мы используем машинное обучение и API сервиса Google Cloud Platform для анализа данных.", "ru"),
        ("この映画の原題は The Lord of the Rings で、ニュージーランドで撮影されました。", "ja"),
        ("Asenna ohjelma komennolla `pip install the package that you want` ja käynnistä tietokone uudelleen.", "fi"),
    ],
)
def test_quotations_titles_and_terms_are_no_switch(text: str, code: str) -> None:
    one = found(text, code)
    assert (one.switched, one.spans) == (False, ())


def test_content_keeps_the_place_of_every_character() -> None:
    kept = content.of(CODE_ANSWER)
    assert len(kept) == len(CODE_ANSWER)
    assert "json" not in kept
    assert all(a == b or a == " " for a, b in zip(kept, CODE_ANSWER, strict=True))
    assert content.of("| 2020 | 12,5 |\n| 2021 | 13,1 |").strip() == ""
    assert content.of("Siis $a^2 + b^2 = c^2$ on totta.").split() == ["Siis", "on", "totta."]
    assert " ".join(content.of('Hän sanoi: "Go home." Sitten hän lähti.').split()) == "Hän sanoi: . Sitten hän lähti."
    assert content.of(f">\n{FINNISH}") == f" \n{FINNISH}"
    quoted = "»The whole answer is only a quotation of someone else«"
    assert content.of(quoted) == quoted


def test_addresses_are_left_out_whatever_else_is_in_the_text() -> None:
    for address in ("www.BEISPIEL.DE", "https://example.org/a", "a.b+c@example.org", "notes-2.txt"):
        for other in ("", "\nKatso myös täältä: https://example.org", "\nKaikki on hyvin."):
            assert content.of(f"Lue {address}{other}").split("\n")[0].split() == ["Lue"]


@pytest.mark.parametrize("piece", ["a-", "a.", "a+", "a@", "--a", "a..", "-", "`", "~"])
def test_lines_full_of_what_may_begin_code_or_an_address(piece: str) -> None:
    """A line is read but once: with each beginning read to its end, it would take many minutes."""
    text = f"@ x.de {piece * 100_000}"
    assert len(content.of(text)) == len(text)
    assert len(content.of(piece * 100_000)) == len(piece) * 100_000


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\U0001f642\U0001f642\U0001f389",
        "https://example.org/a/b?c=d",
        "`pip install something`",
        "```python\nfor item in items:\n    print(the_value_of_the_item)\n```",
        "| 2020 | 12,5 |\n|---|---|\n| 2021 | 13,1 |\n| 2022 | 14,8 |",
    ],
)
def test_what_is_in_no_language_has_no_fidelity(text: str) -> None:
    one = found(text, "fi")
    assert (one.fidelity, one.answered_in, one.switched, one.spans) == (None, "none", None, ())


def test_a_table_of_figures_in_an_answer_is_left_out() -> None:
    one = found(f"{FINNISH}\n\n| 2020 | 12,5 |\n|---|---|\n| 2021 | 13,1 |\n\n{FINNISH}", "fi")
    assert (one.line_pass, one.fidelity, one.answered_in) == (True, 100.0, "fi")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("दिल्ली का तापमान हर दिन बढ़ता गया:\n\n| १२ | ३४ | ५६ | ७८ | ९१ |\n| २२ | ३४ | ४६ | ७८ | ९१ |", "hi"),
        ("دمای هوای تهران در پنج روز گذشته:\n\n۱۲ ۳۴ ۵۶ ۷۸ ۹۰ ۱۲", "fa"),
        ("تغيرت درجات الحرارة في القاهرة كما يلي:\n\n١٢ ٣٤ ٥٦ ٧٨ ٩٠ ١٢", "ar"),
    ],
)
def test_figures_of_other_scripts_are_left_out(text: str, code: str) -> None:
    one = found(text, code)
    assert (one.fidelity, one.switched) == (100.0, False)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (
            "Presidentti totesi: ”We will not leave anyone behind in this country.” Sen jälkeen hän lähti kotiin ja "
            "vastasi vielä muutamaan kysymykseen.",
            "fi",
        ),
        (
            "> The only thing we have to fear is fear itself.\n\nTämä lause on Franklin Rooseveltin "
            "virkaanastujaispuheesta, ja se sanottiin vaikeana aikana.",
            "fi",
        ),
        (
            "Der Roman beginnt mit dem Satz »Longtemps, je me suis couché de bonne heure« und gilt als eines der "
            "wichtigsten Werke der französischen Literatur.",
            "de",
        ),
        ("왼손은 작게 시작해 *poco a poco crescendo*로 커지다가 열여섯째 마디에서 다시 여려집니다.", "ko"),
        ("第二幕の有名な台詞*to be or not to be that is the question*は、今でもよく引用されます。", "ja"),
    ],
)
def test_a_quotation_in_another_language_is_left_out(text: str, code: str) -> None:
    one = found(text, code)
    assert (one.fidelity, one.answered_in, one.switched) == (100.0, code, False)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (
            "Installez d'abord Node.js, puis lancez le serveur en mode debug. Le framework utilise un pipeline de "
            "build, un linter et des hooks Git avant chaque commit. Ouvrez une pull request sur GitHub.",
            "fr",
        ),
        (
            "Abra o PowerShell como administrador, instale o Docker Desktop e faça login no registry. Depois rode o "
            "container em background e confira o log no dashboard.",
            "pt",
        ),
        (
            "Otwórz plik config.yaml, ustaw feature flag i zrób deploy na staging. Jeśli build się wysypie, sprawdź "
            "logi w CI i zrób rollback do poprzedniego release'u.",
            "pl",
        ),
        (
            "Asenna Visual Studio Code ja lisää siihen Python-laajennus. Tee sitten uusi branch, commitoi muutokset "
            "ja avaa pull request.",
            "fi",
        ),
        (
            "Untuk memulai, buka browser dan login ke dashboard. Pilih menu Settings lalu klik tombol Upload File. "
            "Setelah selesai, klik Save Changes.",
            "id",
        ),
        (
            "Bu proje React ve TypeScript ile yazıldı. Frontend tarafında state management için Redux kullanıyoruz; "
            "backend ise Node.js üzerinde çalışıyor.",
            "tr",
        ),
        (
            'Använd kommandot git commit -m "Fix the broken link in the footer" och kör sedan git push för att skicka '
            "ändringen.",
            "sv",
        ),
        ("Чтобы начать, откройте Google Chrome и зайдите в раздел Settings. Затем нажмите Clear browsing data.", "ru"),
        ("Για να ξεκινήσετε, ανοίξτε το Command Prompt και γράψτε pip install numpy. Μετά ανοίξτε το Jupyter.", "el"),
        ("이 프로젝트는 React와 TypeScript로 작성되었으며, REST API를 통해 백엔드와 통신합니다.", "ko"),
        (
            "Die Band Queen veröffentlichte 1975 das Album A Night at the Opera, auf dem auch Bohemian Rhapsody und "
            "You're My Best Friend zu hören sind.",
            "de",
        ),
        (
            "In het bedrijf stuurt de CEO een memo over stakeholders, de HR-manager plant een performance review en "
            "het salesteam viert een deal.",
            "nl",
        ),
        (
            "El disco incluye canciones como Dancing in the Dark y I'm on Fire, y se mantuvo en la lista durante más "
            "de dos años.",
            "es",
        ),
        ("Gabriel García Márquez published Cien años de soledad in 1967.", "en"),
        (
            "Renoir's Bal du moulin de la Galette hangs in the Musée d'Orsay, and Monet's Impression, soleil levant "
            "gave the movement its name.",
            "en",
        ),
        (
            "My favourite novels are Cien años de soledad and El amor en los tiempos del cólera, both by one author from Colombia.",
            "en",
        ),
        ("Na półce stoją La divina commedia oraz Il nome della rosa i czekają na swoją kolej.", "pl"),
        ("Marcel Proust schrieb zwischen 1909 und 1922 den Roman À la recherche du temps perdu.", "de"),
        ("Hyvä on! Okay, sure, no problem. Aloitetaan siis alusta ja tehdään lista.", "fi"),
        ("Echipa de marketing folosește social media, email marketing și content marketing în fiecare lună.", "ro"),
        ("Bonyeza kitufe cha Download, kisha fungua faili na usakinishe programu ya Microsoft Word.", "sw"),
        ("El meu pare va comprar un telèfon nou i va instal·lar WhatsApp, Google Maps i YouTube.", "ca"),
        ("Kiliki i le faamau Download, ona tatala lea o le faila ma mulimuli i faatonuga.", "sm"),
        ("अपनी सेटिंग्स में Privacy and Security चुनें और फिर Clear Browsing Data पर क्लिक करें।", "hi"),
        ("اضغط على زر Sign In ثم أدخل كلمة المرور واختر Remember Me إذا كان الجهاز خاصا بك.", "ar"),
    ],
)
def test_loans_of_technical_text_and_titles_are_no_switch(text: str, code: str) -> None:
    one = found(text, code)
    assert (one.fidelity, one.switched, one.spans) == (100.0, False, ())


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Im Radio lief das Lied somewhere over the rainbow, und wir sangen alle mit.", "de"),
        ("Den Roman il nome della rosa habe ich in einer Nacht gelesen.", "de"),
        ("Der Kellner brachte quiche lorraine, salade niçoise und eine Flasche Wein.", "de"),
        ("Der letzte Satz, presto con fuoco, verlangt vom Pianisten viel Kraft.", "de"),
        ("Sarja the handmaid's tale perustuu kirjaan, joka on suomennettu jo kauan sitten.", "fi"),
        ("Jälkiruoaksi on crème brûlée, tarte au citron ja mousse au chocolat.", "fi"),
        ("Pianistin pitää soittaa andante sostenuto eikä liian nopeasti.", "fi"),
        ("Our favourite dishes were gambas al ajillo, patatas bravas and tortilla de patatas.", "en"),
        ("The movie el laberinto del fauno frightened the children more than we expected.", "en"),
        ("The score says largo e mesto, so play it slowly and with a heavy heart.", "en"),
        ("Romanen cien años de soledad är tjock men den är lätt att läsa.", "sv"),
        ("Till efterrätt serveras tarte au citron, mousse au chocolat och kaffe.", "sv"),
        ("Het liedje somewhere over the rainbow ken ik nog van vroeger.", "nl"),
        ("Vanavond eten we spaghetti alle vongole, insalata caprese en brood.", "nl"),
        ("Czytałam powieść, a potem obejrzałam film gone with the wind razem z siostrą.", "pl"),
        ("Zamówiliśmy spaghetti alle vongole, risotto ai funghi oraz butelkę wina.", "pl"),
        ("Ten román the old man and the sea jsem četl už třikrát.", "cs"),
        ("Tegnap este a gone with the wind című filmet néztük meg a nagymamával.", "hu"),
        ("Dün gece gone with the wind filmini izledik ve çok ağladık.", "tr"),
        ("En la radio pusieron la canción somewhere over the rainbow y todos cantamos.", "es"),
        ("Вечером мы слушали песню somewhere over the rainbow и пили чай.", "ru"),
        ("Aseară am văzut filmul gone with the wind și am plâns toți.", "ro"),
        ("Boken the old man and the sea ligger på nattbordet mitt.", "nb"),
        ("Sangen somewhere over the rainbow bliver spillet til hver eneste fest.", "da"),
        ("Lempielokuvani ovat the silence of the lambs, one flew over the cuckoo's nest ja la vita è bella.", "fi"),
        ("Вторая часть обозначена allegro ma non troppo и длится десять минут.", "ru"),
        ("Auf der Karte stehen spaghetti aglio e olio, penne all'arrabbiata und saltimbocca alla romana.", "de"),
        ("昨日は映画 the silence of the lambs を見て、とても怖かったです。", "ja"),
        ("कल हमने फ़िल्म the silence of the lambs देखी और बहुत डर गए।", "hi"),
        ("شاهدنا أمس فيلم the silence of the lambs وكان مخيفا جدا.", "ar"),
        ("어제 우리는 영화 the silence of the lambs 를 보고 정말 무서웠어요.", "ko"),
    ],
)
def test_titles_in_small_letters_and_terms_are_no_switch(text: str, code: str) -> None:
    one = found(text, code)
    assert (one.fidelity, one.answered_in, one.switched, one.spans) == (
        100.0,
        code,
        False,
        (),
    )


@pytest.mark.parametrize(
    ("text", "code", "language"),
    [
        ("Der Film is really good and I liked it a lot, aber das Ende war mir zu traurig.", "de", "en"),
        ("Ten film was much longer than I had expected, ale stejně se mi moc líbil.", "cs", "en"),
        ("Den här boken is about a boy who lives on a farm, och den är väldigt rolig.", "sv", "en"),
        ("Zum Frühstück nous mangeons du pain avec du beurre, und danach gehen alle zur Arbeit.", "de", "fr"),
        ("Sie rief Non mi piace per niente und dann noch Voglio andare subito a casa durch den Flur.", "de", "it"),
    ],
)
def test_a_sentence_about_a_film_or_a_dish_is_a_switch(text: str, code: str, language: str) -> None:
    one = found(text, code)
    assert one.switched is True
    assert {span.language for span in one.spans} == {language}


@pytest.mark.parametrize(
    ("text", "code", "start", "end"),
    [
        (
            "Ich habe gestern ein Gespräch gehabt und then I realized that nobody had read the document, deshalb war "
            "ich ziemlich sauer.",
            "de",
            "then I",
            "document",
        ),
        (
            "Jag tycker om att läsa böcker, pero también me gusta mucho ver películas con mis amigos, och ibland går "
            "vi ut.",
            "sv",
            "también",
            "amigos",
        ),
        (
            "Leo asubuhi tulienda sokoni kununua matunda na mboga, weil wir am Abend viele Gäste zum Essen erwarten, "
            "kisha tukarudi nyumbani.",
            "sw",
            "weil wir",
            "erwarten",
        ),
    ],
)
def test_a_span_begins_and_ends_with_its_language(text: str, code: str, start: str, end: str) -> None:
    one = found(text, code)
    assert len(one.spans) == 1
    first, after = text.index(start), text.index(end) + len(end)
    assert abs(one.spans[0].start - first) <= 8
    assert abs(one.spans[0].end - after) <= 12


@pytest.mark.parametrize(
    ("text", "code", "language", "part"),
    [
        (
            "Ostoslista tälle viikolle on tässä:\n- leave before the rain\n\nMuista myös kahvi.",
            "fi",
            "en",
            "before the",
        ),
        (
            "Sie sagte: »Ich komme gern vorbei, but only if the weather gets a little bit better, sonst bleibe ich zu "
            "Hause.« Danach legte sie auf.",
            "de",
            "en",
            "only if the weather",
        ),
        ("Here's the answer in French: Le chat dort sur le canapé depuis ce matin.", "fr", "en", "the answer in"),
        ("La maestra dijo que ma ei saa aru miks keegi meile y cerró la puerta.", "es", "et", "saa aru miks"),
    ],
)
def test_a_span_in_a_quotation_a_list_or_before_a_colon_is_found(
    text: str, code: str, language: str, part: str
) -> None:
    one = found(text, code)
    assert [span.language for span in one.spans] == [language]
    assert part in text[one.spans[0].start : one.spans[0].end]


@pytest.mark.parametrize(
    "text",
    [
        "Juan no come pan con su hermana Ana en Madrid.",
        "Moualem on kuitenkin painottanut, että sopimuksella on selkeät aikarajat.",
        "Marie va au marché avec Paul et Sophie chaque samedi.",
    ],
)
def test_names_make_no_other_language_english(text: str) -> None:
    assert found(text, "en").answered_in != "en"


def test_english_names_make_no_english() -> None:
    zulu = "I-Manchester United idlale kahle kakhulu ngoMgqibelo, kodwa i-Liverpool yashaya amagoli amathathu."
    assert found(zulu, "en").line_pass is False


def test_rates_say_what_was_answered_instead() -> None:
    english = "The cat sleeps most of the day because it saves its strength for hunting."
    all_ = language_fidelity([FINNISH, FINNISH, english, "", FINNISH_WITH_ENGLISH], ["fi"] * 5)
    assert all_.by_language["fi"].answered_in == {"fi": 40.0, "en": 20.0, "none": 20.0, "mixed": 20.0}
    assert all_.switch_rate == 25.0
    assert all_.fidelity is not None
    assert 50 < all_.fidelity < 70
    assert all_.doubtful == ()
    assert language_fidelity([FINNISH], ["hr"]).doubtful == ("hr",)


def test_near_languages_are_a_group_that_holds_the_language_itself() -> None:
    for code in labels.SUPPORTED:
        assert code in labels.near(code)
    assert {"hr", "bs", "sr-Latn"} <= labels.near("hr")
    assert [sorted(group) for group in labels.GROUPS if "en" in group] == [["en", "pcm"]]


@pytest.mark.parametrize(
    ("code", "other", "text"),
    [
        ("fil", "ceb", "Nagkaon kami og isda ug kan-on didto sa balay sa akong lola."),
        ("fil", "ceb", "Mas maayo nga mosakay ta og dyip kay layo kaayo ang eskwelahan."),
        ("fil", "war", "Diri ako maaram kun hain niya ginbutang an akon bado."),
        ("fil", "ilo", "Napankami idiay tiendaan itay bigat tapno gumatang iti ikan ken nateng."),
        ("he", "yi", "מײַן באָבע באַקט יעדן פֿרײַטיק חלה פֿאַר דער גאַנצער משפּחה."),
        ("he", "yi", "איך האב היינט נישט קיין צייט ווייל די קינדער קומען פרי אהיים."),
        ("nl", "fy", "Us beppe bakt alle snein in grutte sûkerbôle foar de bern."),
        ("nl", "nds", "Mien Naver geiht jeden Avend mit sien Hund an'n Diek lang."),
        ("lb", "nds", "Mien Naver geiht jeden Avend mit sien Hund an'n Diek lang."),
        ("ca", "oc", "Ma grand prepara totjorn una sopa de legums quand fa freg dins l'ostal."),
        ("ms", "jv", "Bapak durung mulih amarga isih kudu ngresiki omahe pakdheku."),
        ("ms", "su", "Kuring isuk-isuk sok indit ka sawah jeung bapa pikeun ngala pare."),
        ("tt", "cv", "Эпӗ ӗнер аннепе пасара кайса сӗт туянтӑм тата ҫӑкӑр илтӗм."),
        ("pl", "hsb", "Naša wowka pječe kóždu njedźelu tykanc za cyłu swójbu."),
    ],
)
def test_a_language_with_little_text_is_no_near_one(code: str, other: str, text: str) -> None:
    one = found(text, code)
    assert (one.line_pass, one.answered_in) == (False, other)


def test_filipino_and_hebrew_are_no_near_language() -> None:
    assert found("Mas mabuti pang sumakay tayo ng dyip dahil malayo ang eskuwelahan.", "fil").line_pass is True
    assert found("סבתא שלי אופה חלה לכל המשפחה בכל יום שישי בצהריים.", "he").line_pass is True


def test_nigerian_pidgin_is_no_english() -> None:
    pidgin = "Di man wey dey sell fish for market no come today because e no well."
    assert found(pidgin, "en").answered_in == found(pidgin, "pcm").answered_in == "pcm"
    assert found("The man who sells fish did not come today because he is ill.", "pcm").answered_in == "en"
    assert language_fidelity([pidgin], ["pcm"]).doubtful == ("pcm",)


def test_languages_that_reach_the_bar_are_not_doubtful() -> None:
    codes = ["de", "en", "fi", "hi", "ja", "no", "pt", "ru", "tr", "zh", "zh-Hans", "zh-Hant"]
    assert language_fidelity(["?"] * len(codes), codes).doubtful == ()
