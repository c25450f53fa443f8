"""Everyday sentences in Bosnian, Croatian and Serbian, with words that tell and without."""

import pytest

from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.languages import identify
from xl_alpacaeval_metric.languages.fidelity import text_fidelity

# Written for these tests.
OF_ALL = [
    "Naša kuća ima velika vrata i mali prozor.",
    "U sobi stoje stolice i stara lampa.",
    "Ključ je u mojoj torbi pored telefona.",
    "Moja soba je mala, ali topla i puna knjiga.",
    "Imamo novu peć i dovoljno drva za zimu.",
    "Za doručak jedem jaja, maslac i domaći džem.",
    "Pijem čaj bez šećera i malo limuna.",
    "Kupio sam jabuke, kruške, šljive i grožđe.",
    "Salata od kupusa i krastavaca je gotova.",
    "Voda ključa, dodaj sol i malo ulja.",
    "Riba sa žara je bila odlična.",
    "Ručak je gotov, operite ruke i dođite.",
    "Voćni sok je na polici pored vode.",
    "Baka pravi pitu od jabuka i oraha.",
    "Sinoć je padala kiša i bilo je hladno.",
    "Zimi nosim kapu, šal i rukavice.",
    "Noć je bila duga i mirna.",
    "Munja je udarila u staro drvo.",
    "Magla je jutros bila jako gusta.",
    "Učim matematiku, biologiju i engleski jezik.",
    "Učenik piše zadatak na ploči.",
    "Nastavnik je pohvalio sve učenike.",
    "Moja škola ima veliko igralište i novu zgradu.",
    "Škola počinje u osam, a završava u dva.",
    "Zaboravio sam olovku i gumicu kod kuće.",
    "Ruke i noge su mi hladne.",
    "Boli me glava i imam visoku temperaturu.",
    "Operi ruke i lice, pa dođi na ručak.",
    "Srce mu brzo kuca kada trči.",
    "Kosa joj je duga i crna.",
    "Doktor mi je pregledao grlo i uši.",
    "Radim u banci od jutra do mraka.",
    "Moja majka radi u bolnici, a otac vozi kamion.",
    "Posao je težak, ali dobro zarađujem.",
    "Danas imam puno posla, a sutra sam slobodan.",
    "Šef je zadovoljan mojim radom.",
    "Tražim novi posao u drugom gradu.",
    "Autobus kasni, pa idem kući taksijem.",
    "Ulica je široka i puna automobila.",
    "Vozim bicikl svaki dan po gradu.",
    "Pas spava pod klupom, a mačka na prozoru.",
    "Moj brat svira gitaru i puno čita.",
    "Volim knjige i stare filmove.",
    "Ne znam koliko je sati i kada autobus polazi.",
    "Otvori prozor jer je u sobi zagušljivo.",
    "Zatvori vrata i ugasi lampu.",
    "Koliko košta ova torba?",
    "Imam dva brata i jednu sestru.",
    "Moja sestra ima pet godina i ide u vrtić.",
    "Vidimo se sutra ispred škole.",
    "Hvala ti na pomoći i na pismu.",
    "Ribar ima mali čamac i staru mrežu.",
    "Crveni automobil stoji ispred garaže.",
    "Pekara je otvorena od šest ujutro.",
    "Sunce je zašlo i postalo je hladno.",
    "Ova jakna je nova i vrlo topla.",
    "Volim jagode, maline i trešnje.",
    "Popij tabletu i lezi u krevet.",
    "Bole me zubi i grlo.",
    "Kamion je stao na semaforu.",
    "Igrali smo šah do ponoći.",
    "Prodajem stari bicikl i dva kofera.",
]
CLEAR = {
    "hr": [
        "Nismo stigli na vlak jer je autobus kasnio pola sata.",
        "Tko će danas oprati suđe nakon večere?",
        "U trgovini sam kupila kruh, vrhnje i kilogram krumpira.",
        "Sljedeći tjedan putujemo na otok s cijelom obitelji.",
        "Zrakoplov za Zagreb polijeće u sedam navečer.",
        "Učiteljica nam je zadala zadaću iz povijesti i zemljopisa.",
        "U kolovozu je na plaži bilo više od tisuću ljudi.",
        "Moj susjed radi u tvornici i svira u glazbenom sastavu.",
        "Bi li mogao doći po mene na kolodvor?",
        "Juha je prevruća, pričekaj da se ohladi.",
        "Stavite dvije žlice šećera i malo octa u zdjelu.",
        "Nitko nije znao točan odgovor na to pitanje.",
        "Općina je uvela nova pravila za odvoz smeća u siječnju.",
        "Računalo se pokvarilo pa sam izgubio sve datoteke.",
        "Liječnik mi je rekao da moram piti više vode i manje kave.",
        "Nogometaši su jučer odigrali najbolju utakmicu sezone.",
        "Ravnatelj škole pozvao je roditelje na razgovor.",
        "Također bih htjela zahvaliti svima koji su sudjelovali.",
        "Zrak je ovdje puno čišći nego u gradu.",
        "Knjižnica radi svakim danom osim nedjelje.",
    ],
    "bs": [
        "Nismo stigli na voz jer je autobus kasnio, pa smo prijevoz tražili na drugom mjestu.",
        "Ko će danas oprati suđe prije nego što dođu komšije?",
        "U prodavnici sam kupila hljeb, pavlaku i bijeli luk.",
        "Sljedeće sedmice putujemo na more sa cijelom porodicom.",
        "Učiteljica nam je zadala zadaću iz historije i geografije.",
        "U augustu je na kupalištu bilo više od hiljadu ljudi.",
        "Moj komšija radi u fabrici i lijepo pjeva sevdalinke.",
        "Dječak je htio popiti kahvu sa dedom.",
        "Općina je saopćila da će most biti otvoren u januaru.",
        "Stavite dvije kašike šećera i malo sirćeta u zdjelu.",
        "Niko nije znao tačan odgovor, ali su svi bili vrijedni.",
        "Kantonalni ministar je posjetio univerzitet u Tuzli i dijelio nagrade.",
        "Računar se pokvario prije nego što sam spremio podatke.",
        "Ljekar mi je rekao da pijem više vode i jedem manje hljeba.",
        "Fudbaleri su jučer odigrali najljepšu utakmicu sezone.",
        "Historičari smatraju da je grad nastao u petnaestom vijeku.",
        "Također bih htjela zahvaliti svima koji su učestvovali.",
        "Polahko je ustao i mehkim glasom pozvao djecu.",
        "Biblioteka radi svaki dan osim nedjelje, od devet do pet.",
        "Nena je umijesila pogaču i pristavila kahvu za komšije.",
    ],
    "sr-Latn": [
        "Nismo stigli na voz jer je autobus kasnio pola sata.",
        "Ko će danas da opere sudove posle večere?",
        "U prodavnici sam kupila hleb, pavlaku i kilogram krompira.",
        "Sledeće nedelje putujemo na ostrvo sa celom porodicom.",
        "Avion za Beograd poleće u sedam uveče.",
        "Učiteljica nam je zadala domaći iz istorije i geografije.",
        "U avgustu je na plaži bilo više od hiljadu ljudi.",
        "Moj komšija radi u fabrici i svira u muzičkom sastavu.",
        "Da li bi mogao da dođeš po mene na stanicu?",
        "Supa je prevrela, sačekaj da se ohladi.",
        "Stavite dve kašike šećera i malo sirćeta u činiju.",
        "Niko nije znao tačan odgovor na to pitanje.",
        "Opština je uvela nova pravila za odvoz smeća u januaru.",
        "Lekar mi je rekao da moram da pijem više vode i manje kafe.",
        "Fudbaleri su juče odigrali najbolju utakmicu sezone.",
        "Takođe bih htela da zahvalim svima koji su učestvovali.",
        "Vazduh je ovde mnogo čistiji nego u gradu.",
        "Biblioteka radi svakog dana osim nedelje.",
        "Nisam smela da ostavim decu samu kod kuće.",
        "Devojčica je htela da vidi medveda i belog zeca.",
    ],
}


@pytest.mark.parametrize("code", CLEAR)
def test_everyday_sentences_of_all_three_pass_for_each(code: str) -> None:
    assert [line for line, right in zip(OF_ALL, identify.matches(OF_ALL, code, "Latn"), strict=True) if not right] == []


@pytest.mark.parametrize("code", CLEAR)
def test_sentences_with_words_that_tell_pass_in_their_own_language(code: str) -> None:
    lines = CLEAR[code]
    assert [line for line, right in zip(lines, identify.matches(lines, code, "Latn"), strict=True) if not right] == []


@pytest.mark.parametrize(
    ("asked", "code", "most"),
    [("hr", "sr-Latn", 0), ("sr-Latn", "hr", 0), ("sr-Latn", "bs", 1), ("hr", "bs", 4)],
)
def test_sentences_with_words_that_tell_fail_in_another(asked: str, code: str, most: int) -> None:
    lines = CLEAR[code]
    through = [line for line, right in zip(lines, identify.matches(lines, asked, "Latn"), strict=True) if right]
    assert len(through) <= most, through


@pytest.mark.parametrize("code", CLEAR)
def test_serbo_croatian_is_any_of_the_three(code: str) -> None:
    assert languages.get("sh") == languages.get("HBS") == languages.get("hbs_Latn")
    asked = languages.get("sh")
    assert (asked.code, asked.script, asked.name) == ("sh", "Latn", "Serbo-Croatian")
    assert asked.autonym == "srpskohrvatski"
    assert identify.matches(CLEAR[code], asked.code, asked.script) == [True] * len(CLEAR[code])
    one = text_fidelity(" ".join([*CLEAR["hr"][:2], *CLEAR[code][:2]]), "sh")
    assert (one.line_pass, one.fidelity, one.answered_in, one.switched) == (True, 100.0, "sh", False)
    german = "Gestern habe ich meine Tante besucht und lange mit ihr gesprochen."
    assert identify.matches([german], "sh", "Latn") == [False]
    assert text_fidelity(f"{german}\n{CLEAR[code][0]}", "sh").answered_in == "mixed"
