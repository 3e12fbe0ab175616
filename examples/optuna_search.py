"""
A search of many processes
==========================

Search for parameters with Optuna, in as many processes, on as many machines, as can
reach one data base. Trials that are worse than the others at the same epoch end early.
A search that was stopped goes on where it was.

Run it with ``python examples/optuna_search.py --jobs 2``. To go on, or to let another
machine help, run it again with the same ``--storage``; files of SQLite are for one
machine, a server of PostgreSQL or MySQL is for many:

    --storage URL    data base (default sqlite:///search.db)
    --trials N       trials of all processes together (default 20)
    --jobs N         processes to start here (default 1)
    --epochs N       passes over the data, at most (default 50)
"""

import argparse
import subprocess
import sys
import warnings

import optuna
from optuna.study import MaxTrialsCallback
from optuna.trial import TrialState
from skorch.callbacks import Callback

from sktorch_forecast import LSTMForecaster, make_windows
from sktorch_forecast.datasets import load_elnino

ENDED = (TrialState.COMPLETE, TrialState.PRUNED)


class Prune(Callback):
    """Tells Optuna the loss of each epoch, and ends the training if it says so."""

    def __init__(self, trial):
        self.trial = trial

    def on_epoch_end(self, net, **kwargs):
        epoch = net.history[-1]
        self.trial.report(epoch["valid_loss"], epoch["epoch"])
        if self.trial.should_prune():
            raise optuna.TrialPruned


def study_of(storage):
    """The study, which the first process makes and the others find."""
    # A trial whose process was killed is tried once more.
    again = optuna.storages.RetryHeartbeatStaleTrialCallback(max_retry=1)
    storage = optuna.storages.RDBStorage(
        storage, heartbeat_interval=10, heartbeat_stale_trial_callback=again
    )
    pruner = optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=3)
    return optuna.create_study(
        storage=storage, study_name="lstm", pruner=pruner, load_if_exists=True
    )


def search(storage, n_trials, max_epochs):
    """Trials until there are enough of all processes."""
    X, y = make_windows(load_elnino(), horizon=12, length=36)

    def loss(trial):
        net = LSTMForecaster(
            hidden_size=trial.suggest_int("hidden_size", 4, 32, log=True),
            lr=trial.suggest_float("lr", 1e-4, 1e-1, log=True),
            max_epochs=max_epochs,
            # What is compared is the network alone, on the origins it holds back.
            baseline=None,
            callbacks=[Prune(trial)],
            random_state=0,
        )
        return min(net.fit(X, y).history[:, "valid_loss"])

    enough = MaxTrialsCallback(n_trials, states=ENDED)
    study = study_of(storage)
    if len(study.get_trials(deepcopy=False, states=ENDED)) < n_trials:
        study.optimize(loss, callbacks=[enough])


def main():
    # Of heartbeats.
    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
    parser = argparse.ArgumentParser(description="Search in several processes.")
    parser.add_argument("--storage", default="sqlite:///search.db", metavar="URL")
    parser.add_argument("--trials", type=int, default=20, metavar="N")
    parser.add_argument("--jobs", type=int, default=1, metavar="N")
    parser.add_argument("--epochs", type=int, default=50, metavar="N")
    args = parser.parse_args()

    study = study_of(args.storage)  # before the others ask for it
    same = [sys.executable, __file__, "--storage", args.storage]
    same += ["--trials", str(args.trials), "--epochs", str(args.epochs)]
    silent = {"stdout": subprocess.DEVNULL}
    others = [subprocess.Popen(same, **silent) for _ in range(args.jobs - 1)]
    search(args.storage, args.trials, args.epochs)
    codes = [other.wait() for other in others]
    if any(codes):
        sys.exit(f"Processes of the search failed: {codes}")

    trials = study.get_trials(states=ENDED)
    n_pruned = sum(trial.state == TrialState.PRUNED for trial in trials)
    print(f"{len(trials)} trials, {n_pruned} of them ended early")
    print(f"best loss {study.best_value:.4f} with {study.best_params}")


if __name__ == "__main__":
    main()
