import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers import comparison
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.stats.clusters import Clusters, as_clusters

LABELS = st.lists(st.sampled_from("abcd"), max_size=12)


@given(LABELS, st.data())
def test_some_of_the_items_are_partitioned_as_they_would_be_alone(labels: list[str], data: st.DataObject) -> None:
    indices = data.draw(st.lists(st.integers(0, len(labels) - 1), max_size=20) if labels else st.just([]))
    taken, alone = Clusters(labels).take(indices), Clusters(labels[i] for i in indices)
    assert taken.codes.tolist() == alone.codes.tolist()
    assert taken.n_clusters == alone.n_clusters


@given(LABELS)
def test_members_are_the_items_of_each_label(labels: list[str]) -> None:
    found = [members.tolist() for members in Clusters(labels).members()]
    assert found == [[i for i, label in enumerate(labels) if label == one] for one in dict.fromkeys(labels)]


def test_totals_leave_missing_values_out() -> None:
    sums, counts = Clusters("abca").totals(np.array([1.0, np.nan, 0.5, 0.25]))
    assert (sums.tolist(), counts.tolist()) == ([1.25, 0.5], [2, 1])
    with pytest.raises(UserError, match="clusters: 2 for 1 item"):
        Clusters("ab").totals(np.array([1.0]))


def test_variants_of_a_prompt_are_one_cluster() -> None:
    clusters = Clusters.by_prompt([comparison(1), comparison(1, "fi"), comparison(2, prompt="item-1"), comparison(3)])
    assert clusters.codes.tolist() == [0, 0, 0, 1]
    assert as_clusters(clusters) is clusters
