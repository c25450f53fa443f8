"""Spans of a few words in another language inside a sentence: where they are, and in which."""

import pytest

from xl_alpacaeval_metric.languages.fidelity import text_fidelity

# Language of the text, that of the span between [[ and ]].
IN_NEAR_LANGUAGE = [
    ("uk", "ru", "Завтра ми поїдемо до бабусі, [[потому что она давно нас ждёт]], і залишимося там на тиждень."),
    ("uk", "ru", "Після обіду [[мальчишки строили крышу нового дома]], а дівчата збирали яблука в саду."),
    ("bg", "ru", "След обяда [[мальчишки строили крышу большого дома]], а момичетата беряха ябълки."),
    ("be", "ru", "Учора вечарам мы сядзелі дома, [[потому что на улице было холодно]], і глядзелі кіно."),
    ("bg", "ru", "Снощи гледахме филм, [[потому что на улице шёл сильный дождь]], и си легнахме късно."),
    ("mk", "bg", "Вчера бевме на пазар, [[защото трябваше да купим плодове и зеленчуци]], и се вративме доцна."),
    ("az", "tr", "Dünən axşam evdə oturduq, [[çünkü dışarıda çok yağmur yağıyordu]], və isti çay içdik."),
    ("uz", "tr", "Kecha kechqurun biz uyda o‘tirdik, [[çünkü hava çok soğuktu ve yağmurluydu]], va choy ichdik."),
    ("kk", "ky", "Кеше біз үйде отырдық, [[анткени көчөдө аба ырайы абдан суук болчу]], сосын шай іштік."),
    ("tt", "ba", "Кичә без өйдә утырдык, [[сөнки урамда бик һыуыҡ ине һәм ямғыр яуҙы]], аннары чәй эчтек."),
    ("et", "fi", "Eile õhtul käisime kinos, [[koska elokuva oli todella hyvä]], ja pärast sõime jäätist."),
    ("fi", "et", "Kävimme eilen kaupassa, [[sest külmkapp oli täiesti tühi]], ja ostimme leipää ja maitoa."),
    ("fa", "ar", "دیروز با بچه‌ها به پارک رفتیم [[لأن الطقس كان جميلا جدا]] و خیلی خوش گذشت."),
    ("ar", "fa", "ذهبنا أمس إلى الحديقة [[چون هوا خیلی خوب و آفتابی بود]] ثم عدنا إلى البيت مساء."),
    ("ur", "fa", "کل ہم بازار گئے تھے [[چون می‌خواستیم برای مادرم هدیه بخریم]] اور شام کو گھر واپس آئے۔"),
    ("pl", "cs", "Wczoraj poszliśmy do kina, [[protože venku celý den hodně pršelo]], a potem zjedliśmy kolację."),
    ("cs", "pl", "Včera jsme šli do divadla, [[ponieważ dostaliśmy bilety od znajomych]], a pak jsme večeřeli."),
    ("sk", "pl", "Včera sme boli doma, [[ponieważ na dworze było bardzo zimno]], a pozerali sme film."),
    ("sv", "da", "I går stannade vi hemma, [[fordi det regnede hele dagen udenfor]], och bakade bullar."),
    ("is", "da", "Í gær fórum við í bíó, [[fordi det regnede hele dagen]], og svo borðuðum við heima."),
    ("de", "nl", "Gestern waren wir am See, [[omdat het eindelijk mooi weer was]], und haben dort gegrillt."),
    ("nl", "de", "Gisteren bleven we thuis, [[weil das Wetter so schlecht war]], en hebben we een film gekeken."),
    ("pt", "es", "Ontem fomos à praia, [[porque hacía mucho calor en la ciudad]], e voltamos já de noite."),
    ("es", "pt", "Ayer nos quedamos en casa, [[porque estava chovendo muito lá fora]], y vimos una película."),
    ("ko", "ja", "여름에는 사람들이 밖에 앉아 있습니다. 그리고 [[家に帰って一緒に晩ご飯を作ります]] 잠을 잡니다."),
    ("mr", "hi", "काल आम्ही बाजारात गेलो [[क्योंकि हमें कुछ सब्ज़ियाँ खरीदनी थीं]] आणि संध्याकाळी घरी परतलो."),
]

# In the middle, at the start and at the end of a sentence, in a list, in bold, and as a heading.
IN_ENGLISH = [
    ("de", "Nach dem Essen saßen wir noch lange draußen und [[had a nice cup of tea]] mit den Nachbarn."),
    ("hu", "A boltban sokáig nézelődtünk, de [[we could not afford to buy]] semmit, így hazamentünk."),
    ("az", "Dünən gecə evə qayıdanda gördüm ki, [[somebody stole my bike]] və polisə zəng etdim."),
    ("fi", "Kauppa oli eilen kiinni. [[That is why I went to the market]] ja ostin sieltä tuoretta leipää."),
    ("ro", "Casa bunicilor este mică, dar ei [[have a big garden with apple trees]] și un câine bătrân."),
    ("pl", "Przed wyjazdem sprawdź prognozę.\n- Weź ciepłą kurtkę\n- [[Do not forget your umbrella]]\n- Zamknij okna"),
    ("tr", "Yemek hazır olunca **[[I will call you from the kitchen]]** ve birlikte sofraya otururuz."),
    ("sw", "Mwalimu alisema kwamba [[the library is closed on Sunday]] kwa hiyo tulirudi nyumbani."),
    ("id", "## [[How to make your own bread]]\n\nPertama campurkan tepung dengan air hangat dan sedikit garam."),
    ("nl", "De trein had vertraging, dus we [[had to wait for more than an hour]] op het koude perron."),
    ("it", "Prima di partire [[Mary Smith called her old friend]] per salutarla e chiederle un consiglio."),
    ("sv", "Barnen lekte i parken hela dagen [[until it was time to go home]]."),
]

# A short sentence in a line, in capitals, in another script, and among characters that are shared.
BETWEEN = [
    ("fr", "de", "Notre voisin répare des vélos. [[Zwei Tassen Zucker dazu geben]]. Les enfants jouent au jardin."),
    ("pl", "tr", "Moja babcia robi pierogi. [[Ayşe artık Ankara'da yaşıyor galiba]]. Trzeba kłaść się o stałej porze."),
    (
        "de",
        "en",
        "Am Wochenende haben wir aufgeräumt. [[Do not touch hot surfaces]]. Meine Kollegin fährt mit dem Rad.",
    ),
    ("hu", "es", "A nagymamám minden vasárnap [[GRACIAS OTRA VEZ POR TODO]] húslevest főz az egész családnak."),
    ("fi", "it", "Naapurini ostaa aina [[FAMMI SAPERE QUANDO ARRIVI A CASA]] tuoretta kalaa torilta."),
    ("uk", "pl", "Мій дідусь щоранку [[dodaj dwie szklanki cukru i wymieszaj]] виходить у садок і поливає помідори."),
    ("ko", "zh", "오늘 아침에 시장에 가서 [[我们已经讨论过这个问题很多次了]] 채소를 샀습니다."),
    ("ja", "zh", "この問題はとても重要です、[[因此我们需要考虑所有的可能性]]、それから決定しましょう。"),
    ("zh", "ja", "这个问题很重要，[[そのためすべての可能性を考える必要があります]]，然后再做决定。"),
    (
        "sr",
        "sr-Latn",
        "Данас сам купио поврће. [[Veoma je važno da svako uradi svoj deo posla]]. Сутра идемо код баке.",
    ),
]
# Of four words, some of which the language has as well, before and behind the answer.
SHORT_ENGLISH = [
    ("sv", "Ring vårdcentralen om febern inte går över.\n\n[[I hope this helps]]!"),
    ("hr", "Prva pjesma koju možete probati je jednostavna i kratka.\n\n[[I can explain more]]."),
    ("de", "Der Reis muss vor dem Kochen gut gewaschen werden. [[Have a great day]]!"),
    ("hu", "[[Here is your answer]]:\n\nA rizst főzés előtt alaposan meg kell mosni hideg vízzel."),
    ("so", "[[Here is the answer]]:\n\nMarka hore bariiska si fiican u dhaq, kaddibna biyo ku dar."),
    ("zu", "Faka amanzi ebhodweni uwabilise bese ufaka usawoti.\n\n[[Enjoy your new phone]]!"),
    ("fi", "Riisi kannattaa huuhdella hyvin ennen keittämistä.\n\n[[I'm happy to help]]."),
]
NAMES_OF_FOUR_WORDS = [
    ("de", "Auf der Bühne spielte die Band drei Lieder.\n\nStairway to Heaven Live!"),
    ("sv", "Vi använder några metoder för att tolka bilder. I deep learning används många lager."),
    ("cs", "Ve firmě mám novou pozici. Machine learning data engineer."),
]
# What begins like these, and is none.
NO_SPAN = [
    ("ko", "대한민국 임시정부(大韓民國臨時政府議政院)는 1919년에 상하이에서 세워진 독립운동 기관입니다."),
    ("ja", "東京都立中央図書館特別文庫室では、江戸時代の地図や浮世絵を見ることができます。"),
    ("ru", "Вычислите сумму по формуле Σ_i=1^n x_i^2 / (1/n * Σ_i=1^n x_i)^2 и запишите ответ в тетрадь."),
]


def planted(text: str) -> tuple[str, int, int]:
    """The text without the brackets, with the start and the end of what they hold."""
    before, _, rest = text.partition("[[")
    span, _, after = rest.partition("]]")
    return before + span + after, len(before), len(before) + len(span)


@pytest.mark.parametrize(("code", "other", "text"), IN_NEAR_LANGUAGE)
def test_clause_in_a_near_language_is_a_switch(code: str, other: str, text: str) -> None:
    text, start, end = planted(text)
    found = text_fidelity(text, code)
    assert [span.language for span in found.spans] == [other]
    shared = min(found.spans[0].end, end) - max(found.spans[0].start, start)
    assert shared >= 0.6 * (end - start)
    assert found.switched
    assert found.fidelity is not None
    assert found.fidelity < 100


@pytest.mark.parametrize(("code", "text"), IN_ENGLISH)
def test_everyday_english_is_found_from_its_start_to_its_end(code: str, text: str) -> None:
    text, start, end = planted(text)
    found = text_fidelity(text, code)
    assert [span.language for span in found.spans] == ["en"]
    either = max(found.spans[0].end, end) - min(found.spans[0].start, start)
    assert min(found.spans[0].end, end) - max(found.spans[0].start, start) >= 0.8 * either


@pytest.mark.parametrize(("code", "other", "text"), BETWEEN)
def test_a_sentence_between_others_and_shared_characters_are_found(code: str, other: str, text: str) -> None:
    text, start, end = planted(text)
    found = text_fidelity(text, code)
    assert [span.language for span in found.spans] == [other]
    assert min(found.spans[0].end, end) - max(found.spans[0].start, start) >= 0.8 * (end - start)


@pytest.mark.parametrize(("code", "text"), SHORT_ENGLISH)
def test_a_sentence_of_four_english_words_is_found(code: str, text: str) -> None:
    text, start, end = planted(text)
    found = text_fidelity(text, code)
    assert [(span.start, span.end, span.language) for span in found.spans] == [(start, end, "en")]


@pytest.mark.parametrize(("code", "text"), NAMES_OF_FOUR_WORDS)
def test_four_english_words_that_are_names_or_terms_are_none(code: str, text: str) -> None:
    assert not text_fidelity(text, code).spans


@pytest.mark.parametrize(("code", "text"), NO_SPAN)
def test_names_and_formulas_in_other_characters_are_none(code: str, text: str) -> None:
    assert not text_fidelity(text, code).spans
