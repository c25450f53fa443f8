"""Words and phrases with their translations."""

import pytest

from xl_alpacaeval_metric.languages.fidelity import text_fidelity

LISTS = {
    "de": "the house = das Haus\nto go shopping = einkaufen gehen\nto look forward to = sich freuen auf\n"
    "to get up early = früh aufstehen",
    "fi": "1. att köpa bröd – ostaa leipää\n2. att gå till skolan – mennä kouluun\n3. jag är hungrig – minulla on nälkä",
    "ru": "put up with – мириться с чем-либо\nrun out of – исчерпать запас\nget along with – ладить с кем-либо",
    "tr": "| Where do you live? | Nerede yaşıyorsun? |\n|---|---|\n| What time is it? | Saat kaç? |\n"
    "| How old are you? | Kaç yaşındasın? |\n| I am very tired. | Çok yorgunum. |",
    "fr": "1. **Excuse me, could you help me?** (Excusez-moi, pourriez-vous m'aider ?)\n"
    "2. **I'm looking for the station.** (Je cherche la gare.)\n"
    "3. **How far is it from here?** (C'est à quelle distance d'ici ?)",
    "ja": "1. The early bird catches the worm.（早起きは三文の徳）\n2. Actions speak louder than words.（行動は言葉よりも雄弁）\n"
    "3. Time flies like an arrow.（光陰矢の如し）",
    "ko": "- I hope this email finds you well. (잘 지내고 계시길 바랍니다.)\n- Please find the attached file. (첨부 파일을 확인해 주세요.)"
    "\n- I look forward to hearing from you. (답변 기다리겠습니다.)",
    "el": "go – went – gone (πηγαίνω)\nsee – saw – seen (βλέπω)\nwrite – wrote (γράφω)\ntake – took (παίρνω)",
    "zh": "How are you today? 你今天怎么样？\nNice to meet you. 很高兴认识你。\nSee you again tomorrow. 明天再见。",
    "en": "- ¿Dónde está la estación? – Where is the station?\n- No entiendo nada. – I do not understand anything.\n"
    "- ¿Cuánto cuesta este libro? – How much is this book?",
}
AROUND = {
    "de": "Lernen Sie jeden Tag ein paar davon und wiederholen Sie sie am Abend.",
    "fi": "Harjoittele näitä joka päivä ja kirjoita niistä omia lauseita.",
    "ru": "Попробуйте составить с каждым из них собственное предложение.",
    "tr": "Bu cümleleri her gün yüksek sesle tekrar edin ve yazmaya çalışın.",
    "fr": "Avec ces trois phrases, vous vous débrouillerez déjà très bien en voyage.",
    "el": "Μάθετε πέντε κάθε μέρα και γράψτε μια πρόταση με το καθένα.",
    "ja": "毎日一つずつ声に出して覚えていきましょう。",
    "ko": "상황에 맞게 골라서 직접 사용해 보세요.",
    "zh": "建议你每天朗读十分钟，坚持一个月就能看到效果。",
    "en": "Practise them out loud before you leave, and people will be happy to help you.",
}


@pytest.mark.parametrize("language", LISTS)
def test_a_list_of_translations_is_no_switch(language: str) -> None:
    found = text_fidelity(f"{AROUND[language]}\n\n{LISTS[language]}\n\n{AROUND[language]}", language)
    assert (found.fidelity, found.switched) == (100, False)


@pytest.mark.parametrize(
    ("language", "lines"),
    [
        # Explained in English.
        ("de", "Mehl – this gives the bread its structure\nHefe – it makes the dough rise\nSalz – it adds some taste"),
        # Explained to the right, in a few words.
        ("de", "Park: a great place to walk and relax\nMuseum: learn about history and culture\nCafé: good local food"),
        # Sentences.
        (
            "de",
            "We went to the park this morning and had a lot of fun. = Wir waren im Park.\n"
            "The weather was nice and we stayed until the evening came. = Das Wetter war schön.\n"
            "After that we all went home and cooked dinner together. = Dann gingen wir nach Hause.",
        ),
        # Two lines are no list.
        ("fi", "I am very hungry – minulla on nälkä\nI want to sleep – haluan nukkua"),
    ],
)
def test_other_lines_with_marks_count(language: str, lines: str) -> None:
    assert (text_fidelity(f"{AROUND[language]}\n\n{lines}\n\n{AROUND[language]}", language).fidelity or 0) < 100


def test_one_cell_in_another_language_is_no_column_of_translations() -> None:
    table = (
        "| Jei nori geriau miegoti | negerk stiprios arbatos |\n|---|---|\n"
        "| Vakar žiūrėjome krepšinio rungtynes | Herkesin kendi payına düşeni yapması çok önemli |\n"
        "| Mano močiutė verda obuolių uogienę | Rudenį visada renkame grybus prie ežero |"
    )
    assert [span.language for span in text_fidelity(table, "lt").spans] == ["tr"]
