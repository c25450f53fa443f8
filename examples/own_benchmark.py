"""A benchmark of one's own: a hundred rows with id, instruction, language and reference.

    python examples/own_benchmark.py places.jsonl
    xl-alpacaeval eval MODEL --benchmark places.jsonl --judge openai/gpt-4o

Twenty-five requests, each for four languages. German and Finnish have references; for Swedish and
Estonian there are none, so that the language of their answers is all that is measured.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

NAMES = {"de": "German", "fi": "Finnish", "sv": "Swedish", "et": "Estonian"}
REFERENCES = {
    "a library": ("In der Bibliothek leiht man Bücher aus.", "Kirjastosta lainataan kirjoja."),
    "a bakery": ("In der Bäckerei kauft man frisches Brot.", "Leipomosta ostetaan tuoretta leipää."),
    "a harbour": ("Im Hafen legen die Schiffe an.", "Satamassa laivat tulevat laituriin."),
    "a school": ("In der Schule lernen Kinder lesen und rechnen.", "Koulussa lapset oppivat lukemaan ja laskemaan."),
    "a hospital": ("Im Krankenhaus werden Kranke behandelt.", "Sairaalassa hoidetaan sairaita."),
    "a pharmacy": ("In der Apotheke holt man seine Medikamente.", "Apteekista haetaan lääkkeet."),
    "a cinema": ("Im Kino sieht man neue Filme.", "Elokuvateatterissa katsotaan uusia elokuvia."),
    "a theatre": ("Im Theater spielen Menschen auf einer Bühne.", "Teatterissa ihmiset näyttelevät lavalla."),
    "a railway station": ("Am Bahnhof steigt man in den Zug.", "Rautatieasemalla noustaan junaan."),
    "an airport": ("Am Flughafen wartet man auf sein Flugzeug.", "Lentokentällä odotetaan lentokonetta."),
    "a post office": ("Auf der Post gibt man Pakete auf.", "Postissa lähetetään paketteja."),
    "a bank": ("In der Bank zahlt man Geld ein.", "Pankissa talletetaan rahaa."),
    "a market": ("Auf dem Markt kauft man Gemüse und Obst.", "Torilta ostetaan vihanneksia ja hedelmiä."),
    "a museum": ("Im Museum sieht man alte Bilder.", "Museossa katsellaan vanhoja tauluja."),
    "a swimming pool": ("Im Schwimmbad lernt man schwimmen.", "Uimahallissa opitaan uimaan."),
    "a forest": ("Im Wald sammelt man Pilze und Beeren.", "Metsässä kerätään sieniä ja marjoja."),
    "a farm": ("Auf dem Bauernhof werden Kühe gehalten.", "Maatilalla pidetään lehmiä."),
    "a kitchen": ("In der Küche kocht man das Essen.", "Keittiössä laitetaan ruokaa."),
    "a garden": ("Im Garten wachsen Blumen und Kräuter.", "Puutarhassa kasvaa kukkia ja yrttejä."),
    "a workshop": ("In der Werkstatt repariert man Fahrräder.", "Verstaassa korjataan polkupyöriä."),
    "a hotel": ("Im Hotel übernachten Reisende.", "Hotellissa matkustajat yöpyvät."),
    "a restaurant": ("Im Restaurant isst man zu Abend.", "Ravintolassa syödään illallista."),
    "a playground": ("Auf dem Spielplatz schaukeln die Kinder.", "Leikkikentällä lapset keinuvat."),
    "a zoo": ("Im Zoo sieht man Tiere aus aller Welt.", "Eläintarhassa näkee eläimiä koko maailmasta."),
    "a lighthouse": ("Der Leuchtturm zeigt Schiffen den Weg.", "Majakka näyttää laivoille tien."),
}
"""Place -> a sentence on it in German and in Finnish."""


def rows() -> Iterator[dict[str, str | None]]:
    """A row for each place in each language; one prompt has the same id in all of them."""
    for number, (place, texts) in enumerate(REFERENCES.items(), 1):
        for code, name in NAMES.items():
            yield {
                "id": f"place-{number:02d}",
                "instruction": f"What is {place} for? One sentence.\n\nRespond only in {name}.",
                "language": code,
                "reference": dict(zip(("de", "fi"), texts, strict=True)).get(code),
            }


if __name__ == "__main__":
    file = Path(sys.argv[1] if len(sys.argv) > 1 else "places.jsonl")
    lines = [json.dumps(row, ensure_ascii=False) for row in rows()]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{file}: {len(lines)} rows")
