"""Code and labels inside a sentence in another script."""

import pytest

from xl_alpacaeval_metric.languages.fidelity import text_fidelity
from xl_alpacaeval_metric.languages.switches.exemptions import latin_runs

RIGHT = {
    "bn": "প্রথমে Google Docs খুলে File মেনু থেকে Share বেছে নিন। তারপর Anyone with the link নির্বাচন করুন।",
    "pa": "ਆਪਣੇ ਫ਼ੋਨ ਵਿੱਚ Play Store ਖੋਲ੍ਹੋ ਅਤੇ Manage apps and device ਚੁਣੋ। ਫਿਰ Update ਦਬਾਓ ਅਤੇ ਥੋੜ੍ਹੀ ਦੇਰ ਉਡੀਕ ਕਰੋ।",
    "ka": "გახსენით ტერმინალი და ჩაწერეთ npm create vite@latest app -- --template react, შემდეგ გადადით ახალ საქაღალდეში.",
    "zh": "先在终端安装这个库，然后在脚本开头使用 from transformers import pipeline 导入所需的函数。",
    "ru": "Откройте Settings, выберите Network, затем Reset to factory defaults и подождите несколько минут.",
}


@pytest.mark.parametrize("language", RIGHT)
def test_they_are_no_switch(language: str) -> None:
    found = text_fidelity(RIGHT[language], language)
    assert (found.fidelity, found.switched) == (100, False)


@pytest.mark.parametrize(
    "text",
    [
        "Откройте Settings и выберите Privacy, потом Security. Then you have to wait until it starts.",
        "Мы пошли домой. This is much easier than it looks, и это правда.",
        "Откройте Settings, потом Privacy, потом Network. There are many ways to do it, но этот проще.",
        "The weather was nice today.",
        # More long ones than others.
        "Можно Visit the old museum, потом Walk around the park, а вечером Enjoy some local food в центре.",
    ],
)
def test_clauses_are_looked_at(text: str) -> None:
    assert list(latin_runs.find(text)) == []


def test_code_without_letters_is_found() -> None:
    text = "因为 3² != 8，所以这个答案不对。"
    assert [text[start:end] for start, end in latin_runs.find(text)] == ["3² != 8"]
