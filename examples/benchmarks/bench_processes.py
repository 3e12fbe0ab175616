"""One training by two processes and by one, each on one core."""

import os
import subprocess
import sys
from importlib.util import find_spec
from statistics import median

from bench_training import series_of

from sktorch_forecast import LSTMForecaster, make_windows

GOAL = 1.6


def rows(repeats):
    """All rows of this benchmark: one."""
    what = "an epoch of LSTM(256), batches of 256, by two processes"
    if find_spec("accelerate") is None:
        yield {"what": what, "skipped": "accelerate is not installed"}
        return
    pairs = [(seconds_of(2), seconds_of(1)) for _ in range(min(repeats, 3))]
    ratios = sorted(one / two for two, one in pairs)
    yield {
        "what": what,
        "against": "one process",
        "ours_s": median(two for two, _ in pairs),
        "other_s": median(one for _, one in pairs),
        "ratio": median(ratios),
        "ratio_min": ratios[0],
        "ratio_max": ratios[-1],
        "goal": f"at least {GOAL}",
        "reached": median(ratios) >= GOAL,
    }


def seconds_of(n_processes):
    """Duration of an epoch; processes start, and warm up, before it."""
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command = [*launcher, f"--nproc-per-node={n_processes}", __file__]
    env = os.environ | {"OMP_NUM_THREADS": "1"}
    run = subprocess.run(command, env=env, stdout=subprocess.PIPE, text=True)
    run.check_returncode()
    return float(run.stdout)


def train():
    """What each of the processes does; the first prints the duration of an epoch."""
    from accelerate import Accelerator
    from skorch.hf import AccelerateMixin

    class AcceleratedLSTM(AccelerateMixin, LSTMForecaster):
        pass

    accelerator = Accelerator(cpu=True)
    X, y = make_windows(series_of(2000), horizon=24, length=96)
    net = AcceleratedLSTM(
        accelerator=accelerator,
        callbacks__print_log__sink=print,
        hidden_size=256,
        batch_size=256,
        max_epochs=4,
        early_stopping=False,
        baseline=None,
        random_state=0,
    ).fit(X, y)
    if accelerator.is_main_process:
        print(median(net.history[1:, "dur"]))


if __name__ == "__main__":
    train()
