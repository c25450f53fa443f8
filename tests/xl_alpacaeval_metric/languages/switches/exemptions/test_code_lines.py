"""Code that stands in an answer without a fence."""

import pytest

from xl_alpacaeval_metric.languages.fidelity import text_fidelity
from xl_alpacaeval_metric.languages.switches.exemptions import code_lines

CODE = {
    "python": """class Account:
    def __init__(self, owner, balance=0):
        self.owner = owner
        self.balance = balance

    def deposit(self, amount):
        # Only positive amounts are taken.
        if amount <= 0:
            raise ValueError("Amount must be positive")
        self.balance += amount
        return self.balance""",
    "sql": "SELECT name, age\nFROM users\nWHERE age > 18\nORDER BY name;",
    "c": '#include <stdio.h>\n\nint main(void) {\n    int i;\n    for (i = 0; i < 10; i++) {\n'
    '        printf("%d\\n", i);\n    }\n    return 0;\n}',
    "java": "public class Main {\n    public static void main(String[] args) {\n"
    "        Scanner scanner = new Scanner(System.in);\n        int age = scanner.nextInt();\n    }\n}",
    "javascript": "const reply = await fetch(address);\nconst data = await reply.json();\nconsole.log(data.items);",
    "css": ".container {\n  display: flex;\n  justify-content: center;\n  background-color: white;\n}",
    "shell": "sudo apt install python3-venv\ncd project\npip install -r requirements.txt\npython3 main.py --verbose",
    "dockerfile": "FROM python:3.11-slim\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\nEXPOSE 8000",
    "script": '#!/bin/bash\nFILE=$1\nif [ ! -f "$FILE" ]; then\n  echo "File not found"\n  exit 1\nfi\nwc -l "$FILE"',
    "log": "2024-05-01 12:00:01 ERROR Connection refused by remote host\n"
    "2024-05-01 12:00:07,123 [main] INFO Connection established successfully",
    "traceback": 'Traceback (most recent call last):\n  File "main.py", line 3, in <module>\n    print(values[5])\n'
    "IndexError: list index out of range",
    "pandas": 'import pandas as pd\nframe = pd.read_csv("data.csv")\nframe.groupby("country")["price"].mean()',
}  # fmt: skip

ANSWERS = {
    "fi": (
        "Tässä on lyhyt esimerkki, joka tekee juuri sen, mitä pyysit:",
        "Voit muuttaa arvoja tarpeesi mukaan ja ajaa ohjelman uudelleen.",
    ),
    "sw": (
        "Huu hapa ni mfano mfupi unaofanya kile ulichoomba:",
        "Unaweza kubadilisha thamani hizi unavyotaka, kisha uendeshe programu tena.",
    ),
    "hi": (
        "यह रहा एक छोटा उदाहरण, जो वही करता है जो आपने पूछा है:",
        "आप अपनी ज़रूरत के हिसाब से मान बदलकर प्रोग्राम फिर से चला सकते हैं।",
    ),
    "de": (
        "Hier ist ein kurzes Beispiel, das genau das tut, was Sie brauchen:",
        "Sie können die Werte nach Bedarf ändern und das Programm erneut ausführen.",
    ),
    "zh": (
        "下面是一个简短的例子，可以完成你要的功能：",
        "你可以根据自己的需要修改这些值，然后重新运行程序。",
    ),
}

PROSE = [
    "- omenat;",
    "kissa = cat",
    "Nopeus = matka / aika",
    "Git is a distributed version control system.",
    "The function print(x) writes x to the screen.",
    "La fonction f(x) = x² est continue sur tout l'intervalle ;",
    "SELECT THE BEST ANSWER FROM THE LIST",
    "Käytä komentoa pip install numpy ja aja ohjelma uudelleen.",
    "1. Avaa tiedosto (File > Open).",
    "Python(ohjelmointikieli) on hyvin suosittu.",
    "cat and dog are animals.",
    "make sure to install the package",
    "from there we import goods.",
    "Kotimaa: Suomi, kieli: suomi;",
    "if you want to win: practice.",
    '"advice": "Sleep for eight hours and drink enough water.",',
    '{"headline": "Three people were rescued from a burning house"}',
]


@pytest.mark.parametrize("code", CODE)
@pytest.mark.parametrize("language", ANSWERS)
def test_a_right_answer_with_code_is_all_in_its_language(language: str, code: str) -> None:
    before, after = ANSWERS[language]
    found = text_fidelity(f"{before}\n\n{CODE[code]}\n\n{after}", language)
    assert (found.fidelity, found.answered_in, found.switched) == (100, language, False)


@pytest.mark.parametrize("code", CODE)
def test_every_line_of_code_is_found(code: str) -> None:
    places = list(code_lines.find(CODE[code]))
    assert [CODE[code][start:end] for start, end in places] == [line for line in CODE[code].split("\n") if line]


@pytest.mark.parametrize("line", PROSE)
def test_prose_is_no_code(line: str) -> None:
    assert list(code_lines.find(f"{line}\n{line}")) == []


def test_prose_between_lines_of_code_is_looked_at() -> None:
    before, after = ANSWERS["fi"]
    text = (
        f"{before}\n\n{CODE['shell']}\nThis installs everything that the project needs to run.\n{CODE['sql']}\n{after}"
    )
    found = text_fidelity(text, "fi")
    assert [text[span.start : span.end] for span in found.spans] == [
        "This installs everything that the project needs to run."
    ]


@pytest.mark.parametrize(
    ("text", "commands"),
    [
        ("Danach genügt ein git push --force-with-lease, und alles ist da.", ["git push --force-with-lease"]),
        ("Kör pip install numpy och starta om.", ["pip install"]),
        ("Meldet es IndexError: list index out of range, fehlt etwas.", ["IndexError: list index out of range"]),
        # What stands before may be no word and no punctuation of English: a vowel sign, a tab.
        ("เปิดหน้าต่างใหม่แล้วพิมพ์git commit -m งานวันนี้", ["git commit -m"]),
        ("Führen Sie danach aus:\tpip install numpy", ["pip install"]),
        ("اكتب في النهاية،docker run -it ثم انتظر قليلا.", ["docker run -it"]),
        ("Zum Schluss →git push und fertig.", ["git push"]),
        ("git status zeigt es.", ["git status"]),
        ("Если ValueError then you should check the input, то проверьте.", []),
        ("Sie wollen git lernen und docker verstehen.", []),
    ],
)
def test_commands_and_errors_inside_sentences(text: str, commands: list[str]) -> None:
    assert [text[start:end] for start, end in code_lines.find_commands(text)] == commands
