"""Lines that do not pass alone: around names in Latin letters, and beside others that do."""

import pytest

from xl_alpacaeval_metric.languages.fidelity import text_fidelity

NAMES = {
    "he": "בפסטיבל יופיעו השנה Arctic Monkeys, The Smashing Pumpkins, Nine Inch Nails ו-Queens of the Stone Age.",
    "ru": "На фестивале выступят Arctic Monkeys, The Smashing Pumpkins, Nine Inch Nails и Queens of the Stone Age.",
    "hi": "इस बार मंच पर Arctic Monkeys, The Smashing Pumpkins, Nine Inch Nails और Queens of the Stone Age आएँगे।",
    "el": "Φέτος εμφανίζονται οι Arctic Monkeys, The Smashing Pumpkins, Nine Inch Nails και Queens of the Stone Age.",
}


@pytest.mark.parametrize("language", NAMES)
def test_a_line_that_is_mostly_names_is_in_the_language_of_its_other_words(language: str) -> None:
    found = text_fidelity(NAMES[language], language)
    assert (found.fidelity, found.answered_in, found.switched) == (100, language, False)


def test_a_line_that_is_mostly_english_is_not() -> None:
    text = (
        "На фестивале сказали, that there are many bands which you have never heard of before and they play all night."
    )
    assert (text_fidelity(text, "ru").fidelity or 0) < 50
    assert text_fidelity("Это The best way to learn is to play every day with all of your friends.", "ru").fidelity == 0


POEM = "Snøen faller stille ned,\ndekker tun og hustak med,\nlyset brenner i hver stue,\nvinden synger i hver bue."


def test_a_line_that_may_be_in_a_near_language_goes_with_the_others() -> None:
    found = text_fidelity(POEM, "nb")
    assert (found.fidelity, found.answered_in) == (100, "nb")
    danish = "Vi tog af sted, da det var blevet mørkt udenfor, og kom hjem ud på natten."
    assert (text_fidelity(f"{POEM}\n{danish}", "nb").fidelity or 0) < 80


def test_the_rows_of_a_table_go_together() -> None:
    rows = "| Lápis | Lápis de cor azul | 2,50 | Sim |\n| Borracha | Borracha branca macia | 1,20 | Sim |"
    text = f"Os preços já incluem os impostos e valem até o fim do mês que vem.\n\n{rows}"
    assert text_fidelity(text, "pt").fidelity == 100
    english = "| Pencil | A blue pencil for all of your drawings | 2.50 | Yes |"
    assert (text_fidelity(f"{text}\n{english}", "pt").fidelity or 0) < 85


def test_lines_of_a_near_language_do_not_go_with_a_few_of_the_language() -> None:
    malay = "Kerajaan akan memberi bantuan kepada mereka yang kehilangan pekerjaan kerana banjir itu."
    indonesian = "Anak-anak itu bisa bermain di luar karena cuaca hari ini sangat cerah."
    assert (text_fidelity("\n".join([indonesian, *[malay] * 4]), "id").fidelity or 0) < 50


def test_labels_make_no_english() -> None:
    text = "Отворете Device Manager, најдете го уредот Network adapters и изберете Update driver, па почекајте малку."
    found = text_fidelity(text, "en")
    assert (found.fidelity, found.answered_in) == (0, "mk")


def test_a_signature_with_a_company_is_in_no_language() -> None:
    text = "Quedo a la espera de su respuesta y le envío un cordial saludo.\nAna Ruiz\nSales Manager, Global Toys Ltd."
    assert text_fidelity(text, "es").fidelity == 100


@pytest.mark.parametrize(
    "text",
    [
        'Isivakalisi sesiNgesi esithi "The dog is sleeping under the table" sithetha ukuba inja ilele phantsi kwetafile.',
        "Studirala je na London School of Economics and Political Science, a doktorirala na Institute of Technology.",
    ],
)
def test_a_sentence_in_another_language_around_english_names_is_not_english(text: str) -> None:
    found = text_fidelity(text, "en")
    assert (found.fidelity or 0) < 50
    assert found.answered_in != "en"
