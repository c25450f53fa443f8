"""The settings of a fine-tuning: defaults, files, options, and what is wrong with them."""

from pathlib import Path

import pytest

from xl_alpacaeval_metric.errors import UserError
from xl_instruct_dataset.train.settings import resolve


def test_options_go_before_the_file_and_the_file_before_the_defaults(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("epochs: 3\nlearning_rate: 2e-5\nbatch_size: 8\nmax_steps: null\n")
    found = resolve(file, {"batch_size": 4, "seed": None})
    assert (found.epochs, found.learning_rate, found.batch_size, found.seed) == (3.0, 2e-5, 4, 0)


def test_the_resolved_settings_are_a_file_to_begin_from(tmp_path: Path) -> None:
    found = resolve(None, {"data": "x", "mix_with": "a/b:0.5", "full": True})
    file = tmp_path / "train.yaml"
    file.write_text(found.as_yaml("some/model"))
    assert resolve(file, {}) == found


def test_the_rate_goes_by_the_method_and_the_identity_leaves_the_machine_out() -> None:
    assert resolve(None, {}).rate == 2e-4
    assert resolve(None, {"full": True}).rate == 1e-5
    assert resolve(None, {"device_batch_size": 1, "report_to": "trackio"}).identity == resolve(None, {}).identity
    assert resolve(None, {"learning_rate": 2e-4}).identity == resolve(None, {}).identity
    assert resolve(None, {"batch_size": 1}).identity != resolve(None, {}).identity


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lerning_rate: 1", "unknown setting 'lerning_rate'; did you mean learning_rate?"),
        ("xyz: 1", "unknown setting 'xyz'; there are data,"),
        ("epochs: many", "mine.yaml: epochs is 'many'; need a number"),
        ("batch_size: 2.5", "batch_size is 2.5; need a whole number from 1"),
        ("batch_size: true", "need a whole number"),
        ("full: maybe", "full is 'maybe'; need true or false"),
        ("max_steps: 0", "max_steps is 0; need a whole number from 1"),
        ("held_out: .nan", "need a number from 0 to 0.9"),
        ("epochs: .inf", "epochs is inf; need a number from 0"),
        ("learning_rate: 1e999", "learning_rate is inf; need a number from 0"),
        ("mixture: equal", "mixture is 'equal'; there are proportional, uniform, temperature"),
        ("pairs: null", "mine.yaml: pairs is empty; need text"),
        ("[1, 2]", "holds a list; needs a mapping"),
        ("epochs: [", "line 1: not valid YAML"),
        ("epochs: 1\nseed: 2\nepochs: 3", "mine.yaml line 3: not valid YAML (the key epochs is there twice)"),
    ],
)
def test_what_is_wrong_in_a_file_is_named(text: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    with pytest.raises(UserError) as error:
        resolve(file, {})
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_wrong_option_is_named_as_it_was_given(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"--held-out is 2\.0; need a number from 0 to 0\.9"):
        resolve(None, {"held_out": 2.0})
    with pytest.raises(UserError, match=r"none\.yaml: no such file"):
        resolve(tmp_path / "none.yaml", {})
