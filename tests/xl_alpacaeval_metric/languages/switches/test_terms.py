"""Lists of terms and titles, and what is named a proverb or a button beside it."""

import pytest

from xl_alpacaeval_metric.languages import content
from xl_alpacaeval_metric.languages.fidelity import text_fidelity
from xl_alpacaeval_metric.languages.switches import terms, titles

MENTIONS = [
    ("de", "Das englische Sprichwort don't judge a book by its cover bedeutet, dass der erste Eindruck täuschen kann."),
    (
        "es",
        "El refrán inglés a bird in the hand is worth two in the bush aconseja no arriesgar lo seguro por lo incierto.",
    ),
    (
        "it",
        "La frase I wish I had known earlier si traduce con vorrei averlo saputo prima, perché esprime un rimpianto.",
    ),
    ("pl", "Na ekranie zaznacz opcję Back up to external storage i poczekaj, aż cały proces się zakończy."),
    ("tr", "Ekranda Access denied for this user hatasını alıyorsanız parolanız büyük olasılıkla yanlış demektir."),
    (
        "ru",
        "Английская пословица the grass is always greener on the other side соответствует русской о хорошем там, где нас нет.",
    ),
    ("ru", "Перевод на английский: I would like to book a table for two for tomorrow evening. Говорите это вежливо."),
    ("hi", "अंग्रेज़ी वाक्य She has been working here since morning का अर्थ है कि वह सुबह से यहाँ काम कर रही है।"),
    ("ur", "انگریزی جملہ I am learning a new language every day کا مطلب ہے کہ میں ہر روز ایک نئی زبان سیکھ رہا ہوں۔"),
    ("ko", "영어 속담 Don't count your chickens before they hatch는 결과가 나오기 전에 미리 기대하지 말라는 뜻입니다."),
    # With the word behind what is in letters of another script.
    ("hi", "अंग्रेज़ी में the early bird catches the worm कहावत का अर्थ है कि जल्दी उठने वाले को फायदा होता है।"),
    ("ko", "영어의 the early bird catches the worm 속담은 부지런한 사람이 먼저 기회를 얻는다는 뜻입니다."),
    ("tr", "Rusların лучше поздно чем никогда atasözü geç kalmanın hiç yapmamaktan iyi olduğunu anlatır."),
    ("fi", "Venäjän лучше поздно чем никогда sananlasku tarkoittaa, että parempi myöhään kuin ei milloinkaan."),
    ("zh", "英语句子 I have been waiting here for an hour 的意思是我在这里等了一个小时，用的是现在完成进行时。"),
]


@pytest.mark.parametrize(("language", "text"), MENTIONS)
def test_it_is_no_switch(language: str, text: str) -> None:
    found = text_fidelity(text, language)
    assert (found.fidelity, found.switched) == (100, False)


def test_a_phrase_goes_on_in_a_word_of_any_length() -> None:
    text = "Auf der Karte steht heute wieder {} {} und wir essen sie sehr gern."
    for phrase in ("tarte aux pommes et", "crème brûlée à la"):
        for word in ("Schokoladensauce", "Donaudampfschifffahrtsgesellschaftskapitän" * 3):
            assert text_fidelity(text.format(phrase, word), "de").spans == ()


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("tr", "Bu menü is only available in the summer and it is quite cheap, bu yüzden herkes çok seviyor."),
        ("de", "Drücken Sie den Knopf and then wait for the light to turn green, bevor Sie über die Straße gehen."),
        ("ru", "По команде all people leave the park at the same time, и на улице становится совсем тихо и пусто."),
        ("fr", "En cas d'erreur please contact the support team of the city et attendez une réponse par courriel."),
        ("ar", "الأمر بسيط you just have to take the bus to the museum ثم تمشي قليلا حتى تصل إلى الحديقة."),
        ("hi", "संदेश यह है कि we should all go outside and enjoy the sun, और यह बात बिल्कुल सही लगती है।"),
    ],
)
def test_what_goes_on_the_sentence_is_a_switch(language: str, text: str) -> None:
    assert text_fidelity(text, language).switched


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("ko", "자료 구조에는 array, linked list, stack, queue, hash table, binary search tree 등이 있습니다."),
        ("uk", "Найпростіші методи: random forest, support vector machine, gradient boosting, k-nearest neighbors."),
        ("ar", "من أهم هياكل البيانات: array, linked list, stack, queue, hash table, binary search tree وغيرها."),
        ("de", "Zur Auswahl stehen: full-upgrade, forbid-version, hold, install, keep-all, purge und reinstall."),
    ],
)
def test_lists_of_terms_are_no_switch(language: str, text: str) -> None:
    assert not text_fidelity(text, language).switched


@pytest.mark.parametrize(
    ("line", "alone"),
    [
        ("**Tag 1:** Colosseo, Foro Romano, Palatino, Piazza Venezia.", True),
        ("- Musei Vaticani, Basilica di San Pietro, Castel Sant'Angelo.", True),
        ("He met Tom, Dick, and Harry.", False),
        ("Tom and Dick met Harry.", False),
        ("Tom, Dick. They met Harry, Ann, Kate.", False),
        (", Rom. , Paris, , London, .", False),
    ],
)
def test_names_with_commas_between_may_end_like_a_sentence(line: str, alone: bool) -> None:
    assert titles.is_alone(line) == alone


@pytest.mark.parametrize(
    ("text", "language", "is_one"),
    [
        ("early stopping, data augmentation, dropout, weight decay", "en", True),
        ("early stopping, data augmentation, dropout", "en", False),  # Too few.
        ("we came, we looked around, we won, they left", "en", False),
        ("early stopping of a training, data augmentation, dropout, weight decay", "en", False),
        ("wir kamen, wir sahen, wir siegten, sie gingen", "de", False),
    ],
)
def test_lists_of_terms_have_short_ones_and_no_clause(text: str, language: str, is_one: bool) -> None:
    assert terms.is_list(text, language) == is_one


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("vi", "Sách của ông gồm The Old Man and the Sea, A Farewell to Arms và For Whom the Bell Tolls, rất hay."),
        ("lv", "Iesaku noskatīties The Curse of the Black Pearl, The Lord of the Rings un The Chronicles of Narnia."),
    ],
)
def test_lists_of_titles_are_no_switch(language: str, text: str) -> None:
    assert not text_fidelity(text, language).switched


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("de", "Wir gehen jeden Tag in den Park, because the weather is so nice and we like it, und spielen dort."),
        (
            "pl",
            "Wczoraj poszliśmy do parku and we had a lot of fun there with our friends, a potem wróciliśmy do domu.",
        ),
        ("ru", "Вчера мы пошли в парк and we had a lot of fun there with our friends, а потом вернулись домой."),
    ],
)
def test_other_spans_are_switches(language: str, text: str) -> None:
    assert text_fidelity(text, language).switched


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("hy", "Հայտնի երգերից են La Bohème, She, Hier encore, For me formidable և Emmenez-moi։"),
        ("ar", "لتفعيل المصادقة في Facebook افتح الإعدادات ثم Password and security واختر Two-factor authentication."),
        ("ru", "Откройте «Панель управления» → «Программы» → Turn Windows features on or off и поставьте галочку."),
        ("el", "Πηγαίνετε στις Ρυθμίσεις → Ενημέρωση → View optional updates now και εγκαταστήστε τα όλα."),
        (
            "kk",
            "| Мамандық | Оқу орны |\n|---|---|\n| Data Science | KBTU | 110 |\nҚұжаттарды тамызға дейін тапсырыңыз.",
        ),
        (
            "ta",
            "நிலையான வைப்பு: HDFC Bank 7.0%, Bank of Baroda 6.85%, Ujjivan Small Finance Bank 8.25%. முதியோருக்கு கூடுதல்.",
        ),
        (
            "de",
            "| Apple iPhone 15 Pro Max | Super Retina XDR | 4.441 mAh |\n\nFür Fotos bei Nacht ist das eine gute Wahl.",
        ),
        (
            "hr",
            "Terapija: Amoksicilin 500 mg 1-1-1, Ibuprofen 400 mg 1-0-1.\nKontrola za deset dana kod liječnika opće prakse.",
        ),
    ],
)
def test_names_labels_and_figures_are_no_switch(language: str, text: str) -> None:
    found = text_fidelity(text, language)
    assert (found.fidelity, found.spans) == (100.0, ())


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("ru", "Откройте «Панель управления» → «Программы» → Now you can see all of them и поставьте галочку."),
        ("ar", "افتح الإعدادات ثم we went to the market واختر and then came home again بعد ذلك."),
        ("kk", "Мектеп туралы: it is a very good school | KBTU | 110 |\nҚұжаттарды тапсырыңыз."),
    ],
)
def test_clauses_beside_labels_and_in_tables_are_switches(language: str, text: str) -> None:
    assert text_fidelity(text, language).switched


def test_names_of_sites_are_left_out() -> None:
    assert content.of("Les yr.no og varsom.no.").split() == ["Les", "og", "."]
    assert content.of("I m.in. og f.eks. her") == "I m.in. og f.eks. her"
