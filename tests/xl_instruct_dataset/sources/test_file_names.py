"""Which files belong to a pair, by the naming schemes of datasets."""

import pytest

from xl_alpacaeval_metric.errors import UserError
from xl_instruct_dataset.records import PAIRS, canonical, languages_of
from xl_instruct_dataset.sources import file_names


@pytest.mark.parametrize(
    ("name", "pair"),
    [
        ("fi.json", "en-fi"),
        ("data/fi.json", "en-fi"),
        ("train_fi.jsonl", "en-fi"),
        ("finnish.json", "en-fi"),
        ("data/Finnish-train.jsonl", "en-fi"),
        ("en-fi/train-00000-of-00001.parquet", "en-fi"),
        ("EN_FI/part.parquet", "en-fi"),
        ("xl-instruct-en-fi.jsonl", "en-fi"),
        ("train_en_fi.jsonl", "en-fi"),
        ("en/fi.jsonl", "en-fi"),
        ("english_to_finnish.csv", "en-fi"),
        ("en-en/train-00000-of-00001.parquet", "en-en"),
        ("english.json", "en-en"),
        ("pt-BR.jsonl", "en-pt"),
        ("pt_BR/train.jsonl", "en-pt"),
        ("zh_cn.jsonl", "en-zh"),
        ("unscored/de.jsonl", "en-de"),
    ],
)
def test_a_file_is_of_one_pair(name: str, pair: str) -> None:
    assert file_names.of_pair([name], pair, "default", "source") == [name]
    assert file_names.pairs_in([name], "default", PAIRS) == [pair]


def test_files_of_other_pairs_and_none_are_left() -> None:
    names = ["en-sw/a.parquet", "de-fi.jsonl", "is-it.csv", "notes/readme.json", "mapping.json", "en-pt-BR/a.parquet"]
    assert file_names.pairs_in(names, "default", PAIRS) == ["de-fi", "en-pt-BR", "en-sw", "is-it"]
    assert file_names.of_pair(names, "en-pt-br", "default", "source") == ["en-pt-BR/a.parquet"]
    for pair in ("en-fi", "en-de", "en-pt", "en-en"):
        with pytest.raises(UserError, match="no file for pair"):
            file_names.of_pair(names, pair, "default", "source")


@pytest.mark.parametrize("word", ["bestof3", "best_of_3", "best-of-3", "BestOf3", "best_of_three", "bo3", "best3"])
@pytest.mark.parametrize("name", ["{}/de.json", "de_{}.json", "data/{}/train_de.jsonl", "en-de-{}/a.parquet"])
def test_the_best_of_three_are_found_under_any_name(word: str, name: str) -> None:
    names = [name.format(word), "other/de.json"]
    assert file_names.of_pair(names, "en-de", "best_of_3", "source") == [name.format(word)]
    assert file_names.of_pair(names, "en-de", "default", "source") == ["other/de.json"]
    assert file_names.pairs_in(names, "best_of_3", PAIRS) == ["en-de"]


@pytest.mark.parametrize(
    "name", ["scored/en.json", "en_scored.json", "with_scores/english.jsonl", "en-en-scored/a.parquet"]
)
def test_the_scored_are_found_under_any_name(name: str) -> None:
    assert file_names.of_pair([name, "en.json", "unscored/en.json"], "en-en", "scored", "source") == [name]


def test_a_file_named_for_the_pair_goes_before_one_named_for_the_language() -> None:
    names = ["de-fi.jsonl", "en-fi.jsonl", "fi.jsonl"]
    assert file_names.of_pair(names, "en-fi", "default", "source") == ["en-fi.jsonl"]
    assert file_names.of_pair(names, "de-fi", "default", "source") == ["de-fi.jsonl"]


def test_a_missing_pair_names_what_there_is() -> None:
    with pytest.raises(UserError, match=r"^source: no file for pair en-fi; it has de.json, hi.json$"):
        file_names.of_pair(["de.json", "hi.json"], "en-fi", "default", "source")
    with pytest.raises(UserError, match=r"en-fi \(scored\); it has no data files$"):
        file_names.of_pair([], "en-fi", "scored", "source")
    with pytest.raises(UserError, match="several formats for pair en-de"):
        file_names.of_pair(["de.json", "de.parquet"], "en-de", "default", "source")


def test_files_of_json_are_one_format_whatever_their_suffix() -> None:
    names = ["de/a.json", "de/b.ndjson", "de/c.jsonl.gz", "de/d.jsonlines", "de/e.jl"]
    assert file_names.of_pair(names, "en-de", "default", "source") == names
    with pytest.raises(
        UserError, match=r"de\.json and de\.jsonl look like copies of one file for pair en-de; leave one"
    ):
        file_names.of_pair(["de.json", "de.jsonl"], "en-de", "default", "source")


@pytest.mark.parametrize("pair", ["en-fi", "EN-FI", " eng-fin ", "en-FI"])
def test_a_pair_is_written_in_one_way(pair: str) -> None:
    assert canonical(pair) == "en-fi"


@pytest.mark.parametrize(
    ("pair", "hint"),
    [
        ("en-f1", "did you mean en-fi"),
        ("en_fi", "did you mean en-fi"),
        ("enfi", "did you mean en-fi"),
        ("fi", "did you mean en-fi"),
        ("de to fi", "give instruction and response language, as in en-fi"),
        ("", "as in en-fi"),
        ("en-", "give instruction and response language, as in en-fi"),
        ("en-elvish", "unknown language 'elvish': give a BCP-47 code"),
        ("en-finish", "did you mean fi (Finnish)?"),
        ("en-xx", "unknown language 'xx'"),
        ("en-../../x", "unknown language pair"),
        ("sample", "unknown language pair"),
    ],
)
def test_an_unknown_pair_names_the_nearest(pair: str, hint: str) -> None:
    with pytest.raises(UserError) as error:
        languages_of(pair)
    assert hint in str(error.value)
