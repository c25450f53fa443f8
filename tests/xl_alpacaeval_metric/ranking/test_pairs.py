"""All pairs of models tested together, held to two models, to naive versions and to simulations."""

import numpy as np
import pyarrow.parquet as pq
import pytest

from tests.helpers import SHARED
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.ranking import groups, pairs
from xl_alpacaeval_metric.stats.differences import holm, paired_difference
from xl_alpacaeval_metric.stats.missing import Floats


def generated(
    seed: int, quality: Floats, prompts: int, languages: int = 1, *, hard: bool = False
) -> tuple[Floats, list[int], list[int]]:
    """Preferences of correlated models, models x items, with each item's prompt and language."""
    chance = np.random.default_rng(seed)
    shape = (len(quality), prompts, languages)
    logits = quality[:, None, None] + chance.normal(0, 1, (1, prompts, 1)) + chance.normal(0, 0.7, shape)
    found = 1 / (1 + np.exp(-2 * logits))
    if hard:
        found = (chance.random(shape) < found).astype(float)
    where = np.indices((prompts, languages)).reshape(2, -1)
    return found.reshape(len(quality), -1), where[0].tolist(), where[1].tolist()


@pytest.mark.parametrize(("prompts", "languages"), [(6, 1), (6, 3), (10, 2), (40, 1), (40, 3)])
def test_a_pair_is_tested_as_two_runs_are(prompts: int, languages: int) -> None:
    values, where, codes = generated(1, np.array([0.0, 0.4]), prompts, languages)
    overall, _ = pairs.all_pairs(values, where, codes)
    alone = paired_difference(values[0], values[1], where, codes)
    assert 100 * overall.difference[0] == pytest.approx(alone.value)
    assert overall.n[0] == alone.n
    assert overall.p_value[0] == overall.p_adjusted[0]

    assert overall.p_value[0] == pytest.approx(alone.p_value, abs=1e-9)


def test_corrected_p_values_are_those_of_a_naive_step_down() -> None:
    values, where, _ = generated(2, np.array([0.0, 0.1, 0.5, 0.9]), 9)
    found, _ = pairs.all_pairs(values, where)
    deltas = [values[i] - values[j] for i, j in zip(found.first, found.second, strict=True)]
    statistics = [abs(delta.sum()) / np.sqrt((delta**2).sum()) for delta in deltas]
    patterns = [[1 - 2 * (number >> k & 1) for k in range(9)] for number in range(2**9)]
    order = sorted(range(6), key=lambda k: -statistics[k])
    largest, expected = 0.0, [0.0] * 6
    for place, k in enumerate(order):
        remaining = order[place:]
        as_extreme = sum(
            max(abs(np.dot(signs, deltas[r])) / np.sqrt((deltas[r] ** 2).sum()) for r in remaining)
            >= statistics[k] - 1e-9
            for signs in patterns
        )
        largest = max(largest, as_extreme / len(patterns))
        expected[k] = largest
    assert found.p_adjusted == pytest.approx(np.minimum(1, np.array(expected) * (1 + 3 / 9)))


def test_a_missing_verdict_leaves_its_item_out_of_its_pairs_alone() -> None:
    values, where, codes = generated(3, np.array([0.0, 0.3, 0.6]), 30, 2)
    complete, _ = pairs.all_pairs(values, where, codes)
    values[0, 5] = np.nan
    found, by_language = pairs.all_pairs(values, where, codes)
    assert found.n.tolist() == [59, 59, 60]
    assert found.difference[2] == complete.difference[2]
    known = ~np.isnan(values[0])
    code = np.array(codes)
    by_hand = np.mean([np.mean((values[0] - values[1])[known & (code == c)]) for c in (0, 1)])
    assert found.difference[0] == pytest.approx(by_hand)
    assert by_language[1].n.tolist() == [29, 29, 30]


def test_languages_weigh_the_same() -> None:
    values = np.array([[1.0, 1.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]])
    found, by_language = pairs.all_pairs(values, [1, 2, 3, 1], ["fi", "fi", "fi", "de"])
    assert found.difference == pytest.approx([0.0])
    assert {code: part.difference.tolist() for code, part in by_language.items()} == {"fi": [1.0], "de": [-1.0]}


def test_models_without_shared_items_are_not_tested() -> None:
    values = np.array([[0.5, np.nan], [np.nan, 0.5], [0.4, 0.9]])
    found, _ = pairs.all_pairs(values, ["a", "b"])
    assert np.isnan(found.p_value).tolist() == [True, False, False]
    assert found.significance(3).tolist() == [[0, 0, 0]] * 3


def test_equal_models_are_not_told_apart() -> None:
    values = np.tile(np.linspace(0, 1, 20), (3, 1))
    found, _ = pairs.all_pairs(values, range(20))
    assert found.p_adjusted.tolist() == [1.0, 1.0, 1.0]


def test_many_models_in_single_precision_agree_with_few() -> None:
    values, where, codes = generated(4, np.linspace(0, 2, 50), 40, 2, hard=True)
    many, _ = pairs.all_pairs(values, where, codes)
    few, _ = pairs.all_pairs(values[:3], where, codes)
    place = [k for k in range(many.first.size) if many.second[k] < 3]
    assert many.difference[place] == pytest.approx(few.difference)
    assert many.p_value[place] == pytest.approx(few.p_value, abs=0.03)
    assert (many.p_adjusted >= many.p_value).all()


@pytest.mark.parametrize("hard", [False, True])
def test_false_decisions_stay_below_five_percent(hard: bool) -> None:
    """200 rankings of six models in three classes of equals; a wrong pair or set is an error."""
    quality = np.array([-0.6, -0.6, -0.6, 0.3, 0.3, 0.9])
    wrong, missed = 0, 0
    for seed in range(200):
        values, where, codes = generated(seed, quality, 12, 2, hard=hard)
        found, _ = pairs.all_pairs(values, where, codes)
        wrong += bool((found.p_adjusted[quality[found.first] == quality[found.second]] <= 0.05).any())
        sets = groups.rank_sets(found.significance(6))
        truth = [(1 + int((quality > q).sum()), 6 - int((quality < q).sum())) for q in quality]
        missed += any(low > first or high < last for (low, high), (first, last) in zip(sets, truth, strict=True))
    # 0.05 and two standard errors of 200 rankings.
    assert max(wrong, missed) <= 200 * 0.05 + 2 * np.sqrt(200 * 0.05 * 0.95)


@pytest.mark.skipif(not (SHARED / "alpaca_eval").exists(), reason="needs real preferences")
def test_real_models_are_told_apart_more_often_than_by_holm() -> None:
    table = pq.read_table(SHARED / "alpaca_eval" / "preferences.parquet").to_pandas()
    wide = table.pivot_table(index="model", columns="index", values="preference").dropna(axis=1)
    values = wide.to_numpy()[::4, ::8]
    found, _ = pairs.all_pairs(values, range(values.shape[1]))
    told_apart = (found.p_adjusted <= 0.05).sum()
    assert (np.array(holm(found.p_value.tolist())) <= 0.05).sum() <= told_apart <= (found.p_value <= 0.05).sum()
    assert told_apart > 0


def test_wrong_shapes_are_refused() -> None:
    with pytest.raises(UserError, match=r"values of shape \(2, 3\) for 2 prompts"):
        pairs.all_pairs(np.zeros((2, 3)), ["a", "b"])
