"""The linear forecast that a network is averaged with, solved in closed form.

A network that has learned little is a worse forecaster than a ridge regression on the
window, and it is not known beforehand for which series this will happen. So the
forecast is an average of both, with weights chosen on the held-back origins; see
``stacking.py``. The ridge regression shrinks towards a naive forecast rather than
towards zero [1]_: with ``W_0`` the weights that repeat the last value, or the last
season, or nothing,

.. math:: W = W_0 + (X^T X + \\lambda I)^{-1} X^T (Y - X W_0)

so that the penalty can choose any forecast between the naive one (a large penalty) and
least squares (no penalty). It is chosen by rolling-origin evaluation [2]_: the training
origins are cut into blocks of time, and each block is forecast from everything known
before it. Since the sums that least squares needs add up over blocks, one pass over the
windows serves all penalties and origins.

If each target is forecast from its own values alone, there are two candidates for it: a
regression on its own origins, and one regression on the origins of all targets, which
has more to learn from if the targets behave alike. Both enter the choice above.

References
----------
.. [1] A. E. Hoerl and R. W. Kennard (1970), Ridge Regression: Biased Estimation for
   Nonorthogonal Problems. Technometrics 12 (1), equation 2.1, moved to ``W_0``.
.. [2] L. J. Tashman (2000), Out-of-sample tests of forecasting accuracy: an analysis
   and review. International Journal of Forecasting 16 (4), section 3.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from skorch.callbacks import Callback
from torch import Tensor
from torch.utils.data import Subset

from .._data.indexing import Runs
from ..layers.linear_baseline import LinearBaseline
from .batches import parts_of, subset, times_of_rows
from .device import in_double
from .stacking import share_of_network

# Penalties in units of the mean variance of an input; the last one gives W_0 itself.
_PENALTIES = (*np.logspace(-3, 7, 21), np.inf)
# How many numbers in weights to try at once: a few operations for all penalties if the
# weights are small, and no more memory than for one of them if they are large.
_AT_ONCE = 2**20
# Weight of the network if no origins are held back: the same as the baseline's.
_WITHOUT_EVIDENCE = 0.5
# Blocks of time; the first are used only for training.
_N_BLOCKS, _N_FIRST = 8, 3


@dataclass
class Moments:
    """Sums over origins that least squares needs, float64.

    Attributes
    ----------
    xx : Tensor of shape (d + 1, d + 1)
        Products of inputs; the last input is 1.
    xy : Tensor of shape (d + 1, o)
        Products of inputs and targets.
    yy : Tensor of shape ()
        Squares of the targets.
    """

    xx: Tensor
    xy: Tensor
    yy: Tensor

    def __add__(self, other: "Moments") -> "Moments":
        return Moments(self.xx + other.xx, self.xy + other.xy, self.yy + other.yy)

    @property
    def n(self) -> float:
        """Sum of the weights of the origins."""
        return float(self.xx[-1, -1])

    def errors(self, weights: Tensor) -> Tensor:
        """Sums of squared errors of weights (n, d + 1, o): (n,)."""
        cross = (weights * self.xy).sum(dim=(1, 2))
        return self.yy - 2 * cross + (weights * (self.xx @ weights)).sum(dim=(1, 2))


class Ridge:
    """Penalized least squares, shrunk towards given weights.

    Parameters
    ----------
    moments : Moments
        Moments of the origins to learn from.
    """

    def __init__(self, moments: Moments):
        n = self.n = moments.n
        self.mean_x, self.mean_y = moments.xx[-1, :-1] / n, moments.xy[-1] / n
        cov = moments.xx[:-1, :-1] / n - torch.outer(self.mean_x, self.mean_x)
        cross = moments.xy[:-1] / n - torch.outer(self.mean_x, self.mean_y)
        values, self.vectors = torch.linalg.eigh(cov)
        self.values = values.clamp_min(0)
        self.cross = self.vectors.T @ cross

    def weights(self, prior: Tensor, penalties: Sequence[float] | np.ndarray) -> Tensor:
        """Weights, followed by the biases, (n_penalties, d + 1, o).

        Parameters
        ----------
        prior : Tensor of shape (d, o)
            The weights to shrink towards.
        penalties : sequence of float, or ndarray of float64
            In units of the mean variance of an input. Infinity gives the prior itself,
            without a bias.
        """
        missed = self.cross - self.values.unsqueeze(1) * (self.vectors.T @ prior)
        penalty = torch.as_tensor(penalties).to(prior).view(-1, 1, 1)
        shrunk = self.values.unsqueeze(1) + penalty / self.n * self.values.mean()
        shrunk = torch.where(shrunk > 0, shrunk, 1.0)  # where all inputs are constant
        moved = self.vectors @ (missed / shrunk)
        weights = prior + torch.where(penalty.isinf(), 0.0, moved)
        bias = self.mean_y - self.mean_x @ weights
        bias = torch.where(penalty.isinf(), 0.0, bias.unsqueeze(1))
        return torch.cat([weights, bias], dim=1)


class WeighNetwork(Callback):
    """Let the network train alone, and weigh it against the baseline at the end.

    Parameters
    ----------
    dataset : dataset
        The training data.
    """

    def __init__(self, dataset: Any):
        self.dataset = dataset

    def on_train_begin(self, net: Any, **kwargs: Any) -> None:
        self.before_ = net.module_.baseline.share
        net.module_.baseline.share = 1.0

    def on_train_end(self, net: Any, **kwargs: Any) -> None:
        baseline = net.module_.baseline
        # Do not forget what was learned from many origins for a few new ones.
        if len(self.dataset) >= baseline.n_origins:
            solve_baseline(net, self.dataset)
        else:
            baseline.share = self.before_
        net.linear_share_ = 1 - baseline.share


def solve_baseline(net: Any, dataset: Any) -> None:
    """Solve the linear forecast, and set the weight of the network against it.

    The network is weighed against the solution for the origins that it was trained on.
    After that, with the same prior and penalty, the held-back ones are added.

    Parameters
    ----------
    net : Forecaster
        Trained.
    dataset : dataset
        The training data.
    """
    baseline = net.module_.baseline
    train, held_back = net.get_split_datasets(dataset)
    first, *blocks = blocks_of(train, net.horizon_)
    known = moments_of(net, first)
    priors = _priors(net, baseline, known[0].xx)
    errors = 0.0
    for before, block in blocks:
        test = moments_of(net, block)
        errors = errors + _errors(_solutions(known), test, priors)
        known = _sum(known, moments_of(net, before), test)
    learned, test = _solutions(known), moments_of(net, held_back)
    if None in learned[0]:  # no origin has all its targets
        return
    errors = errors + _errors(learned, test, priors)
    chosen = [np.unravel_index(part.argmin(), part.shape) for part in errors]
    _set(baseline, learned, priors, chosen)
    share = _WITHOUT_EVIDENCE
    if held_back is not None:
        share = share_of_network(net, held_back)
        between = moments_of(net, _between(dataset, train, held_back))
        _set(baseline, _solutions(_sum(known, between, test)), priors, chosen)
    baseline.share, baseline.n_origins = share, len(dataset)


def blocks_of(train: Any, horizon: int) -> list[Any]:
    """Datasets of the first origins, and of the following blocks of time.

    Parameters
    ----------
    train : dataset
    horizon : int
        Number of steps that the targets reach ahead.

    Returns
    -------
    blocks : list
        A dataset, then pairs of datasets: the origins of a block before the targets of
        the previous block are known, and the others. None stands for an empty one.
    """
    whole, timed = times_of_rows(train)
    places = np.arange(_N_FIRST, _N_BLOCKS) / _N_BLOCKS
    begins = np.unique(timed.quantiles(places))
    blocks: list[Any] = [_part(whole, timed.between(-np.inf, begins[0]))]
    for begin, end in zip(begins, [*begins[1:], np.inf]):
        late = begin + horizon - 1
        parts = timed.between(begin, min(late, end)), timed.between(late, end)
        blocks.append(tuple(_part(whole, part) for part in parts))
    return blocks


def _part(dataset, rows):
    return subset(dataset, rows) if len(rows) else None


def _priors(net, baseline: LinearBaseline, like: Tensor) -> list[list[Tensor]]:
    """Candidate weights to shrink towards, (d, o) for each group of outputs."""
    priors = [
        torch.zeros(*baseline.weight.shape[:2], baseline.n_inputs),
        baseline.last_of(1),
    ]
    season = net.seasonality
    if season is not None and 1 < season <= min(baseline.length, baseline.n_inputs):
        priors.append(baseline.last_of(season))
    return [[group.T.to(like) for group in prior] for prior in priors]


def _solutions(moments: list[Moments]) -> tuple[list[Ridge | None], Ridge | None]:
    """The solution of each group and, if there are several groups, that of all.

    None where there is no data.
    """
    own = [Ridge(of_group) if of_group.n else None for of_group in moments]
    total = sum(moments[1:], start=moments[0])
    return own, Ridge(total) if len(own) > 1 and total.n else None


def _errors(solutions: tuple, test: list, priors: list) -> np.ndarray:
    """Squared errors on a block, (n_groups, n_solutions, n_priors, n_penalties).

    First those of each group's own solution, then those of the shared one, if any. 0
    where there is no data to learn from, or nothing to forecast.
    """
    own, shared = solutions
    n_solutions = min(len(own), 2)
    errors = np.zeros((len(own), n_solutions, len(priors), len(_PENALTIES)))
    known = [g for g, ridge in enumerate(own) if ridge is not None and test[g].n]
    for place, prior in enumerate(priors):
        for group in known:
            found = _errors_of(own[group], prior[group], [test[group]])
            errors[group, 0, place] = found
        if shared is not None and known:
            # Where there are several groups, all have the same priors.
            blocks = [test[group] for group in known]
            errors[known, 1, place] = _errors_of(shared, prior[0], blocks)
    return errors


def _errors_of(ridge: Ridge, prior: Tensor, blocks: list[Moments]) -> np.ndarray:
    """Squared errors with all penalties, (n_blocks, n_penalties)."""
    n_chunks = -(-len(_PENALTIES) * prior.numel() // _AT_ONCE)
    errors = []
    for chunk in np.array_split(_PENALTIES, min(n_chunks, len(_PENALTIES))):
        weights = ridge.weights(prior, chunk)
        errors.append(torch.stack([block.errors(weights) for block in blocks]))
    return torch.cat(errors, dim=1).cpu().numpy()


def _set(
    baseline: LinearBaseline, solutions: tuple, priors: list, chosen: list
) -> None:
    """Set the baseline's weights to the chosen solution, prior and penalty of each."""
    own, shared = solutions
    solved = []
    for group, (is_shared, prior, penalty) in enumerate(chosen):
        ridge = shared if is_shared else own[group]
        solved.append(ridge.weights(priors[prior][group], [_PENALTIES[penalty]])[0])
    # (G, d + 1, o) -> (G, o, d) and (G, o)
    weights = torch.stack(solved).transpose(1, 2)
    baseline.set_weights(weights[..., :-1], weights[..., -1])


@torch.no_grad()
def moments_of(net: Any, dataset: Any) -> list[Moments]:
    """Moments of the encoded windows and targets of a dataset, for each group."""
    module, baseline = net.module_, net.module_.baseline
    n_groups, n_outputs, _ = baseline.weight.shape
    size = baseline.n_inputs + 1
    like = in_double(baseline.weight)
    sums = [
        Moments(*(like.new_zeros(s) for s in ((size, size), (size, n_outputs), ())))
        for _ in range(n_groups)
    ]
    batches = [] if dataset is None else net.get_iterator(dataset, training=False)
    for x, y in batches:
        parts = parts_of(x, lambda part: part.to(net.device_))
        weights = x.get("sample_weight") if isinstance(x, dict) else None
        rows, units = module.read_by(baseline, **parts)
        y = y.to(net.device_).unflatten(1, (-1, net.spec_.n_targets))
        targets = baseline.grouped(units.encode(y))
        for group in range(n_groups):
            batch = _moments(rows[:, group], targets[:, group], weights)
            sums[group] = sums[group] + batch
    return sums


def _moments(rows, targets, weights):
    """Moments of a batch, (n, d) and (n, o), of origins with all targets observed."""
    rows, targets = in_double(rows), in_double(targets)
    is_whole = targets.isfinite().all(dim=1)
    rows, targets = rows[is_whole], targets[is_whole]
    rows = torch.cat([rows, rows.new_ones(len(rows), 1)], dim=1)
    weights = 1.0 if weights is None else weights.to(rows).unsqueeze(1)[is_whole]
    weighted = rows * weights
    square = (weights * targets.square()).sum()
    return Moments(weighted.T @ rows, weighted.T @ targets, square)


def _sum(*moments: list) -> list:
    """Sum of the moments of several parts, for each group."""
    total, *others = moments
    for other in others:
        total = [a + b for a, b in zip(total, other)]
    return total


def _between(dataset, train, held_back):
    """The origins that are neither trained on nor held back; None if there are none."""
    parts = [part for part in (train, held_back) if isinstance(part, Subset)]
    if len(parts) < 2 or any(part.dataset is not dataset for part in parts):
        return None
    first, last = (part.indices for part in parts)
    if isinstance(first, Runs) and isinstance(last, Runs):
        return _part(dataset, Runs(first.stops, last.starts))
    is_left = np.ones(len(dataset), dtype=bool)
    for part in parts:
        is_left[np.asarray(part.indices)] = False
    return _part(dataset, np.flatnonzero(is_left))
