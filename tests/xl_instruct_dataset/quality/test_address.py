"""The form of address of texts, which only some languages have."""

import pytest

from xl_instruct_dataset.quality import address

# The same advice, once formally and once informally.
TEXTS = {
    "de": (
        "Bitte öffnen Sie das Fenster und nehmen Ihren Mantel mit.",
        "Öffne das Fenster und nimm deinen Mantel mit.",
    ),
    "fr": ("Ouvrez la fenêtre et prenez votre manteau.", "Ouvre la fenêtre et prends tes gants, si tu sors."),
    "es": ("Abra la ventana, si usted tiene calor.", "Abre tú la ventana y lleva tu abrigo."),
    "it": ("La prego, prenda il Suo cappotto.", "Prendi il tuo cappotto, se hai freddo."),
    "nl": ("Wilt u uw jas meenemen?", "Wil je jouw jas meenemen?"),
    "pl": ("Proszę, niech Pan weźmie płaszcz.", "Weź swój płaszcz, bo ciebie czeka zima."),
    "ru": ("Откройте окно, если вам жарко.", "Открой окно, если тебе жарко."),
    "tr": ("Lütfen pencereyi açın, bu sizin paltonuz.", "Pencereyi aç, bu senin palton."),
    "hu": ("Kérem, nyissa ki az ablakot, ha Önnek melege van.", "Nyisd ki az ablakot, ha neked meleged van."),
    "lt": ("Atidarykite langą, jei jums karšta.", "Atidaryk langą, jei tau karšta."),
    "fi": ("Avatkaa ikkuna, jos teillä on kuuma.", "Avaa ikkuna, jos sinulla on kuuma."),
    "zh": ("请您打开窗户。", "请你打开窗户。"),
    "hi": ("कृपया आप खिड़की खोलिए।", "तुम खिड़की खोलो।"),
}


@pytest.mark.parametrize("code", TEXTS)
def test_a_text_in_the_other_form_is_found(code: str) -> None:
    assert address.known(code)
    formal, informal = TEXTS[code]
    assert not address.other(formal, code, "formal")
    assert not address.other(informal, code, "informal")
    assert address.other(informal, code, "formal")
    assert address.other(formal, code, "informal")
    both = f"{formal} {informal}"
    assert not address.other(both, code, "formal"), "a story may hold a dialogue"
    assert not address.other(both, code, "informal")


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("de", "Die Nachbarn kamen spät. Sie wollten nicht stören."),
        ("de", "Ihr Haus war alt, und sie liebten es."),
        ("de-AT", "Das Brot wird zwei Stunden gehen gelassen."),
        ("hu", "A terem nagy, és a tető magas."),
        ("hi", "तुमुल कोलाहल में दिन बीत गया।"),
    ],
)
def test_a_text_that_addresses_nobody_has_no_form(code: str, text: str) -> None:
    assert not address.other(text, code, "informal")
    assert not address.other(text, code, "formal")


def test_a_language_without_two_forms_is_not_looked_at() -> None:
    assert not address.known("en")
    assert not address.other("You may open your window.", "en", "formal")
    assert not address.known("ga")
