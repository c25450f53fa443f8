"""The texts that an identifier is trained on, as (label, sentence), read from a folder of sources.

The folder holds these, each under this name (none is part of this repository):

- `NTREX`: github.com/MicrosoftTranslator/NTREX (CC BY-SA 4.0)
- `udhr`: github.com/unicode-org/udhr, the Universal Declaration of Human Rights (Unicode licence)
- `libreoffice`: the Debian packages libreoffice-l10n-* and libreoffice-help-*, unpacked (MPL 2.0)
- `firefox`: the .xpi files of the Debian packages firefox-esr-l10n-*, as CODE.xpi (MPL 2.0)
- `wordfreq`: the folder `data` of the package wordfreq 3.1.1 (CC BY-SA 4.0)
- `gov-za-sona-multilingual`, `Ngram_to_Transformers_LID`, `PuoBERTa`: github.com/dsfsi
  (CC BY 4.0, CC BY-SA 4.0 and CC BY-SA 4.0), eleven languages of South Africa
- `UD_Norwegian-Bokmaal`, `UD_Norwegian-Nynorsk`, `UD_Indonesian-GSD`, `UD_Croatian-SET`,
  `UD_Serbian-SET`: github.com/UniversalDependencies (CC BY-SA 4.0), the development parts
- `benchich`: github.com/clarinsi/benchich, with sentences of the parliaments of Croatia and Serbia
  (ParlaSent) and everyday ones in Croatian and Serbian (COPA), CC BY-SA 4.0
- `hunspell`: the dictionaries of the Debian packages hunspell-hr (LGPL or SISSL), hunspell-bs and
  hunspell-sr (GPL, LGPL or MPL 1.1)

Of NTREX the first `NTREX_SENTENCES` are read, of the treebanks the development parts: the rest is
for measuring (`perf/identification.py`).
"""

import csv
import gettext
import gzip
import html
import json
import random
import re
import zipfile
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from xml.etree import ElementTree

import yaml

from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.languages.own_model import VARIETIES

NTREX_SENTENCES = 1400
UNSPACED = frozenset(["zh", "zh-Hant", "ja", "th", "lo", "km", "my", "bo", "dz"])
_MOST_MESSAGES, _MOST_PARAGRAPHS, _MOST_FREQUENT = 3000, 1500, 12000
_UDHR_TIMES = 3
"""The Declaration is short and the only text of many languages: it counts so many times."""

Texts = Iterator[tuple[str, str]]

_LABELS = {"sh": "sh", "fuv": "ff", "gug": "gn", "kmr": "ku", "prs": "fa"}
# NTREX's file of Northern Sotho (nso) is in Southern Sotho: it has "ho" throughout and never "go".
_NTREX = {
    "nso": "st",
    "zho-CN": "zh",
    "zho-TW": "zh-Hant",
    "fuc": "ff",
    "prs": "fa",
    "mey": "ar",
    "lav": "lv",
    "est": "et",
}
_NTREX_LEFT_OUT = frozenset(["src.eng", "eng-GB", "eng-IN", "fra-CA", "spa-MX", "por", "shi"])
_SOUTH_AFRICA = {
    **{"afr": "af", "eng": "en", "nbl": "nr", "nso": "nso", "sot": "st", "ssw": "ss"},
    **{"tsn": "tn", "tso": "ts", "ven": "ve", "xho": "xh", "zul": "zu"},
}
_TREEBANKS = {
    **{"UD_Norwegian-Bokmaal": "nb", "UD_Norwegian-Nynorsk": "nn", "UD_Indonesian-GSD": "id"},
    **{"UD_Croatian-SET": "hr", "UD_Serbian-SET": "sr-Latn"},
}
_PARLIAMENTS = {"HR": "hr", "SRB": "sr-Latn"}
"""Not that of Bosnia: few sentences, many of them in Croatian or Serbian."""
_LISTS = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))
_UDHR = {key: label or key for key, _, label in (pair.partition("=") for pair in _LISTS["udhr"].split())}
_ONLY_MESSAGES = frozenset(["ach", "an", "cak", "dsb", "kab", "sat", "skr", "son", "trs", "za"])
"""Languages of which there is no other text than a program's messages."""
_TAGS = re.compile(r"<[^>]+>")
_PARAGRAPH = re.compile(r"<p id=[^>]*>(.+?)</p>", re.DOTALL)
_PLACE = re.compile(r"\{[^{}]*\}|[%$][\w.$]+|&\w+;|~")
_FLUENT = re.compile(r"^[\w.-]+ *= *(.+)$|^ +\.(?:label|message|description|tooltiptext) = (.+)$", re.MULTILINE)
_SENTENCE_END = re.compile(r"(?<=[.!?;])\s*(?=[A-Z])")


def label_of(code: str) -> str:
    """The model's label of a language code."""
    if code in _LABELS:
        return _LABELS[code]
    found = languages.get(code.replace("@latin", "-Latn").replace("@", "-")).code
    base = found if found.startswith(("sr-Latn", "zh")) else found.split("-")[0]
    return {"zh-CN": "zh", "zh-TW": "zh-Hant", "no": "nb"}.get(base, _LABELS.get(base, base))


def ntrex(folder: Path) -> Texts:
    """News, translated from English."""
    for file in sorted((folder / "NTREX-128").glob("newstest2019-ref.*.txt")):
        name = file.name.removeprefix("newstest2019-ref.").removesuffix(".txt")
        if name in _NTREX_LEFT_OUT:
            continue
        label = _NTREX.get(name) or label_of(name)
        for line in file.read_text(encoding="utf-8").split("\n")[:NTREX_SENTENCES]:
            yield label, line


def udhr(folder: Path) -> Texts:
    """The Universal Declaration of Human Rights."""
    for file in sorted((folder / "data" / "udhr").glob("udhr_*.xml")):
        label = _UDHR.get(file.stem.removeprefix("udhr_"))
        if label is None:
            continue
        for element in ElementTree.parse(file).iter():
            text = " ".join((element.text or "").split())
            if element.tag.endswith("para") and len(text) > 15:
                yield from ((label, text) for _ in range(_UDHR_TIMES))


def libreoffice(folder: Path) -> Texts:
    """Messages of the interface, and paragraphs of the help."""
    messages: dict[str, set[str]] = {}
    for file in sorted(folder.rglob("*.mo")):
        with file.open("rb") as opened:
            catalogue = gettext.GNUTranslations(opened)
        for key, text in vars(catalogue)["_catalog"].items():
            key = key[0] if isinstance(key, tuple) else key
            if text and text != key.split("\x04")[-1]:
                messages.setdefault(file.parents[1].name, set()).add(text)
    yield from _some(messages, _MOST_MESSAGES, 3)
    help_texts: dict[str, set[str]] = {}
    for file in sorted(folder.rglob("help/*/text/**/*.html")):
        code = file.relative_to(folder).parts[5]
        for paragraph in _PARAGRAPH.findall(file.read_text(encoding="utf-8")):
            help_texts.setdefault(code, set()).add(html.unescape(_TAGS.sub("", paragraph)))
    english = help_texts.get("en-US", set())
    yield from _some({code: texts - english for code, texts in help_texts.items()}, _MOST_PARAGRAPHS, 5)
    yield from (("en", text) for text in sorted(english)[:_MOST_PARAGRAPHS])


def firefox(folder: Path) -> Texts:
    """Messages of the browser."""
    found: dict[str, set[str]] = {}
    for file in sorted(folder.glob("*.xpi")):
        with zipfile.ZipFile(file) as archive:
            texts = [archive.read(name).decode() for name in sorted(archive.namelist()) if name.endswith(".ftl")]
        found[file.stem] = {first or second for text in texts for first, second in _FLUENT.findall(text)}
    english = found.get("en-gb", set())
    yield from _some({code: texts - english for code, texts in found.items() if code != "en-gb"}, _MOST_MESSAGES, 4)


def _some(found: dict[str, set[str]], most: int, fewest_words: int) -> Texts:
    """Some of the texts of each label, drawn at random."""
    of_label: dict[str, set[str]] = {}
    for code, texts in found.items():
        label = _label_or_none(code)
        if label is not None:
            kept = (text for text in texts if len(text.split()) >= fewest_words or label in UNSPACED)
            of_label.setdefault(label, set()).update(_PLACE.sub(" ", text) for text in kept)
    for label, both in sorted(of_label.items()):
        drawn = sorted(both)
        random.Random(label).shuffle(drawn)
        yield from ((label, text) for text in drawn[:most])


def _label_or_none(code: str) -> str | None:
    """The label of a package's code; None for one that is no language of the model."""
    try:
        label = label_of({"gug": "gn", "kmr@latin": "ku"}.get(code, code.replace("_", "-")))
    except UserError:
        return None
    return None if label in _ONLY_MESSAGES else label


def wordfreq(folder: Path) -> Texts:
    """Words drawn by their frequency: of many languages the only everyday text."""
    rng = random.Random(1)
    english = frequencies(folder, "en")
    for code in _LISTS["wordfreq"].split():
        known = frequencies(folder, code)
        kept = [
            (word, frequency)
            for word, frequency in known.items()
            if ((frequency > 1e-6 and word.isalpha()) or "'" in word)
            and (code == "en" or not (word.isascii() and english.get(word, 0.0) > 3 * frequency))
        ][:_MOST_FREQUENT]
        words, weights = [word for word, _ in kept], [frequency**0.6 for _, frequency in kept]
        for _ in range(6000 if code in ("id", "ms") else 1500):
            yield label_of(code), " ".join(rng.choices(words, weights, k=rng.randint(4, 8)))


def frequencies(folder: Path, code: str) -> dict[str, float]:
    """The frequency of each word of a language of wordfreq."""
    with gzip.open(folder / f"small_{code}.msgpack.gz") as opened:
        bins = import_module("msgpack").load(opened, raw=False)[1:]
    return {word: 10 ** (-number / 100) for number, words in enumerate(bins) for word in words}


def south_africa(folder: Path) -> Texts:
    """Speeches, a magazine and news of South Africa and Botswana."""
    for name, label in _SOUTH_AFRICA.items():
        for file in sorted((folder / "gov-za-sona-multilingual" / "data" / "raw").glob(f"*/{name}.txt")):
            yield from ((label, text) for text in _sentences(file.read_text(encoding="utf-8").splitlines()))
        train = folder / "Ngram_to_Transformers_LID" / "src" / "data" / "Csv_Train_test_split"
        with (train / {"afr": "af"}.get(name, name) / "train.csv").open(encoding="utf-8", newline="") as opened:
            yield from ((label, " ".join(row["sentence"].split())) for row in csv.DictReader(opened))
    news = folder / "PuoBERTa" / "daily-news-dikgang" / "daily-news-dikgang-dev.tsv"
    rows = [line.split("\t")[1] for line in news.read_text(encoding="utf-8").splitlines()[1:] if "\t" in line]
    yield from (("tn", text) for text in _sentences(rows))


def _sentences(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        yield from (text for text in _SENTENCE_END.split(line.strip()) if len(text.split()) >= 3)


def treebanks(folder: Path) -> Texts:
    """Sentences of Universal Dependencies, of languages that are near another."""
    for name, label in _TREEBANKS.items():
        for file in sorted((folder / name).glob("*-dev.conllu")):
            for line in file.read_text(encoding="utf-8").splitlines():
                if line.startswith("# text = "):
                    yield label, line.removeprefix("# text = ")


def parlasent(folder: Path) -> Texts:
    """Sentences of the parliaments of Croatia and Serbia."""
    for file in sorted((folder / "sent" / "data").glob("ParlaSent_BCS*.jsonl")):
        for row in map(json.loads, file.read_text(encoding="utf-8").splitlines()):
            if row["country"] in _PARLIAMENTS:
                yield _PARLIAMENTS[row["country"]], row["sentence"]


def copa(folder: Path) -> Texts:
    """Everyday sentences, translated from English."""
    for label, name in (("hr", "hr"), ("sr-Latn", "sr-lat")):
        text = (folder / "copa" / "data" / f"test-{name}.jsonl").read_text(encoding="utf-8")
        for row in map(json.loads, text.splitlines()):
            yield from ((label, row[key]) for key in ("premise", "choice1", "choice2"))


def everything(folder: Path) -> Texts:
    """The texts that lid.bin is trained on, in this order; varieties.bin has more treebanks."""
    yield from ntrex(folder / "NTREX")
    yield from udhr(folder / "udhr")
    yield from libreoffice(folder / "libreoffice")
    yield from firefox(folder / "firefox")
    yield from wordfreq(folder / "wordfreq")
    yield from south_africa(folder)
    yield from ((label, text) for label, text in treebanks(folder) if label not in VARIETIES)
