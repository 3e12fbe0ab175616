"""The example that searches with Optuna in several processes."""

import subprocess
import sys
from pathlib import Path

import pytest

from sktorch_forecast import LSTMForecaster, make_windows
from sktorch_forecast.datasets import load_elnino

EXAMPLE = Path(__file__).parents[2] / "examples" / "optuna_search.py"


def run(folder, n_trials, n_jobs):
    size = ["--trials", str(n_trials), "--jobs", str(n_jobs), "--epochs", "5"]
    command = [sys.executable, EXAMPLE, *size]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_two_processes_search_and_others_go_on(tmp_path):
    optuna = pytest.importorskip("optuna", reason="optuna is not installed")
    storage = f"sqlite:///{tmp_path}/search.db"
    complete, pruned = (optuna.trial.TrialState[k] for k in ("COMPLETE", "PRUNED"))

    def ended():
        study = optuna.load_study(study_name="lstm", storage=storage)
        states = {trial.state for trial in study.trials}
        assert states <= {complete, pruned}
        return {trial.number: trial for trial in study.trials}

    run(tmp_path, n_trials=7, n_jobs=2)
    first = ended()
    # The other process may have begun one more when there were enough.
    assert len(first) in (7, 8)
    printed = run(tmp_path, n_trials=12, n_jobs=1)
    both = ended()
    assert len(both) == 12
    assert all(both[n].datetime_complete == first[n].datetime_complete for n in first)
    assert printed.startswith("12 trials")

    whole = [trial for trial in both.values() if trial.state == complete]
    assert all(len(trial.intermediate_values) == 5 for trial in whole)
    best = min(whole, key=lambda trial: trial.value)
    X, y = make_windows(load_elnino(), horizon=12, length=36)
    net = LSTMForecaster(**best.params, max_epochs=5, baseline=None, random_state=0)
    losses = net.fit(X, y).history[:, "valid_loss"]
    assert best.value == pytest.approx(min(losses), rel=1e-12)
    assert f"{best.value:.4f}" in printed
