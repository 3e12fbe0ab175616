"""
Pretraining: the weights of PretrainedForecaster, from a seed
=============================================================

Trains the network of :class:`~sktorch_forecast.PretrainedForecaster` on synthetic
series of :func:`~sktorch_forecast.datasets.make_series_prior`, on one core. No real
series is read, neither for training nor for validation.

Run it with ``make pretrain``, or ``python examples/pretraining/train.py``:

    --steps N      batches of 256 series
    --seed N       of the first weights and of all series
    --folder PATH  where the checkpoint, the loss curve and the weights go
    --precision    "bf16", the default where the processor computes in it, or "fp32"

The learning rate stays the same for 70 % of the steps and then goes down to zero in a
line. So a training can be stopped at any time and go on from its checkpoint, and in the
first 70 % also to another number of steps: the weights are the same as if it had never
stopped. Checkpoints are written whole or not at all. Curve: ``curve.csv``.
"""

import argparse
import csv
import os
from hashlib import sha256
from pathlib import Path
from time import process_time

import numpy as np
import torch
from safetensors.torch import save_file

from sktorch_forecast._training.device import has_bf16
from sktorch_forecast.datasets import make_series_prior
from sktorch_forecast.networks._zero_shot import LEVELS, ZeroShotNetwork

# Lengths of windows, and horizons, each with how often it is drawn.
LENGTHS = {24: 1, 48: 2, 72: 2, 96: 2, 144: 2, 192: 2, 256: 2, 384: 2, 512: 3}
LENGTHS |= {768: 2, 1024: 2}
HORIZONS = {16: 3, 32: 3, 48: 3, 96: 2, 160: 1}
BATCH_SIZE = 256
# Batches that one call of the generator makes, all of one length and horizon.
AT_ONCE = 8
REPORT_EVERY = 200
LR, LR_OF_MATRICES = 2e-3, 2e-2
WARM_UP, DECAY = 100, 0.3
# Without the instructions for it, bf16 takes several times as long as fp32.
PRECISION = "bf16" if has_bf16(torch.device("cpu")) else "fp32"
VALIDATION_SEED, N_VALIDATION = 987654, 40


def batches(seed, call, **prior):
    """Windows, what follows them, and what is known of their seasons, of one call."""
    rng = np.random.default_rng([seed, call])
    longest, horizon = (drawn(rng, table) for table in (LENGTHS, HORIZONS))
    horizon = min(horizon, 2 * longest // 3)
    made = make_series_prior(
        BATCH_SIZE * AT_ONCE,
        longest + horizon,
        random_state=int(rng.integers(2**31)),
        **prior,
    )
    for rows in np.split(rng.permutation(len(made.data)), AT_ONCE):
        # Windows of any length, not only of whole patches.
        first = int(rng.integers(longest // 3))
        season = made.periods[rows, 0]
        season = np.where(rng.random(BATCH_SIZE) < 0.35, season, 0)
        wrong = rng.random(BATCH_SIZE) < 0.03
        season = np.where(wrong, rng.integers(2, 30, BATCH_SIZE), season)
        parts = made.data[rows, first:longest], made.data[rows, longest:], season
        yield tuple(torch.from_numpy(part) for part in parts)


def drawn(rng, table):
    """One of the keys, as often as its value says."""
    weights = np.array(list(table.values()), float)
    return int(rng.choice(list(table), p=weights / weights.sum()))


def objective(network, x, y, season):
    """The loss of a batch: quantile losses in units of what simple copies err.

    A mean of logarithms, so that a few series that break do not decide.
    """
    out = network(x, y.shape[1], season)
    y = (y - out.shift) / out.scale
    there = ~y.isnan()
    miss = torch.where(there, y, 0).unsqueeze(2) - out.quantiles
    levels = miss.new_tensor(LEVELS)
    losses = 2 * torch.maximum(levels * miss, (levels - 1) * miss).mean(2)
    n = there.sum(1)
    losses = (losses * there).sum(1) / n.clamp_min(1)
    losses = losses / out.error.squeeze(1).clamp_min(0.01)
    counts = (n > 0) & ((~x.isnan()).sum(1) > 4)
    return (5 * (losses / 5).log1p() * counts).sum() / counts.sum()


def validation_loss(network, parts):
    """Mean loss of series of another seed, in single precision."""
    with torch.no_grad():
        return float(np.mean([objective(network, *part).item() for part in parts]))


def make_optimizers(network):
    """Muon for the matrices of the blocks, AdamW for all else."""
    matrices = [p for p in network.blocks.parameters() if p.ndim == 2]
    known = {id(p) for p in matrices}
    rest = [p for p in network.parameters() if id(p) not in known]
    return [
        torch.optim.Muon(matrices, lr=LR_OF_MATRICES, weight_decay=0.01),
        torch.optim.AdamW(rest, lr=LR, betas=(0.9, 0.98), weight_decay=0.01),
    ]


def share_of_rate(step, n_steps):
    """Of the learning rate, at a step."""
    return min(1, (step + 1) / WARM_UP, (n_steps - step) / (DECAY * n_steps))


class Training:
    """Network, optimizers, and how far they are; one file holds all of it."""

    def __init__(self, seed, folder, precision, **prior):
        torch.manual_seed(seed)
        self.seed, self.folder, self.precision = seed, folder, precision
        self.prior = prior  # other parameters of make_series_prior
        self.network = ZeroShotNetwork()
        self.optimizers = make_optimizers(self.network)
        self.rates = [one.param_groups[0]["lr"] for one in self.optimizers]
        self.step, self.seconds, self.curve = 0, 0.0, []
        self.checkpoint = folder / "checkpoint.pt"
        if self.checkpoint.exists():
            self.load()

    def load(self):
        """Go on from the checkpoint."""
        state = torch.load(self.checkpoint, weights_only=True)
        for name in ("seed", "precision"):
            if state[name] != getattr(self, name):
                raise ValueError(
                    f"Expected a checkpoint of {name} {getattr(self, name)}, found one "
                    f"of {state[name]}. Give another --folder, or --{name} as before."
                )
        self.network.load_state_dict(state["network"])
        for optimizer, part in zip(self.optimizers, state["optimizers"]):
            optimizer.load_state_dict(part)
        self.step, self.seconds = state["step"], state["seconds"]
        self.curve = state["curve"]

    def save(self):
        """Write the checkpoint and the curve."""
        state = {
            "seed": self.seed,
            "precision": self.precision,
            "network": self.network.state_dict(),
            "optimizers": [one.state_dict() for one in self.optimizers],
            "step": self.step,
            "seconds": self.seconds,
            "curve": self.curve,
        }
        temporary = self.checkpoint.with_suffix(".part")
        torch.save(state, temporary)
        os.replace(temporary, self.checkpoint)
        with open(self.folder / "curve.csv", "w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["step", "train_loss", "valid_loss", "cpu_seconds"])
            rows.writerows(self.curve)

    def run_call(self, n_steps):
        """Train on the batches of one call of the generator; their losses."""
        losses = []
        for batch in batches(self.seed, self.step // AT_ONCE, **self.prior):
            for optimizer, rate in zip(self.optimizers, self.rates):
                group = optimizer.param_groups[0]
                group["lr"] = rate * share_of_rate(self.step, n_steps)
                optimizer.zero_grad()
            with torch.autocast(
                "cpu", torch.bfloat16, enabled=self.precision == "bf16"
            ):
                loss = objective(self.network, *batch)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
            for optimizer in self.optimizers:
                optimizer.step()
            losses.append(loss.item())
            self.step += 1
        return losses

    def run(self, n_steps):
        """Train until the last step, with a checkpoint now and then."""
        parts = [
            part
            for call in range(N_VALIDATION)
            for part in list(batches(VALIDATION_SEED, call))[:1]
        ]
        losses, begin = [], process_time()
        while self.step < n_steps:
            losses += self.run_call(n_steps)
            if self.step % REPORT_EVERY and self.step < n_steps:
                continue
            self.seconds += process_time() - begin
            valid = validation_loss(self.network, parts)
            row = self.step, np.mean(losses).item(), valid, round(self.seconds)
            self.curve.append(row)
            print(
                "step {} train {:.4f} valid {:.4f} seconds {}".format(*row), flush=True
            )
            self.save()
            losses, begin = [], process_time()


def write_weights(network, path):
    """In half precision; the checksum of the file."""
    weights = {
        name: weight.half().contiguous()
        for name, weight in sorted(network.state_dict().items())
    }
    save_file(weights, path)
    return sha256(path.read_bytes()).hexdigest()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--steps", type=int, default=12000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, default=Path("output/pretraining"))
    parser.add_argument("--precision", choices=["bf16", "fp32"], default=PRECISION)
    args = parser.parse_args()
    torch.set_num_threads(1)
    args.folder.mkdir(parents=True, exist_ok=True)
    training = Training(args.seed, args.folder, args.precision)
    training.run(args.steps)
    path = args.folder / "weights.safetensors"
    print(f"{path} sha256 {write_weights(training.network, path)}")


if __name__ == "__main__":
    main()
