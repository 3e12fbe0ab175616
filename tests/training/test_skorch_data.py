"""Datasets, splits and parameters of a fit, as those who know skorch pass them."""

import re

import numpy as np
import pytest
import torch
from common import make
from nets import (
    N_ORIGINS,
    X,
    Y,
    assert_same_bits,
    batch_sizes,
    forecaster,
    weights,
)
from numpy.testing import assert_array_equal
from sklearn.model_selection import GroupKFold
from skorch.dataset import Dataset, ValidSplit
from skorch.helper import SkorchDoctor, SliceDataset, SliceDict, predefined_split
from torch import nn
from torch.utils.data import Subset, TensorDataset

from sktorch_forecast import (
    ConvRNNForecaster,
    EncoderDecoderForecaster,
    GRUForecaster,
    LSTMForecaster,
    RNNForecaster,
)
from sktorch_forecast.forecaster import Forecaster

ARRAYS = np.asarray(X), np.asarray(Y)


class Pairs(torch.utils.data.Dataset):
    """Samples that nothing but their index leads to."""

    def __len__(self):
        return N_ORIGINS

    def __getitem__(self, index):
        return ARRAYS[0][index], ARRAYS[1][index]


DATASETS = [
    Dataset(*ARRAYS),
    TensorDataset(*map(torch.from_numpy, ARRAYS)),
    Pairs(),
    Subset(Subset(Pairs(), np.arange(N_ORIGINS)[::-1]), np.arange(N_ORIGINS)[::-1]),
]


@pytest.mark.parametrize("dataset", DATASETS, ids=lambda one: type(one).__name__)
def test_a_dataset_is_worth_its_arrays(dataset):
    expected = forecaster().fit(*ARRAYS).predict(ARRAYS[0])
    net = forecaster().fit(dataset)
    assert_array_equal(net.predict(ARRAYS[0]), expected)
    assert_array_equal(net.predict(dataset), expected)


def test_slices_of_a_dataset_are_worth_its_arrays():
    dataset = Dataset(*ARRAYS)
    expected = forecaster().fit(*ARRAYS).predict(ARRAYS[0])
    net = forecaster().fit(SliceDataset(dataset), SliceDataset(dataset, idx=1))
    assert_array_equal(net.predict(SliceDataset(dataset)), expected)
    net = forecaster().fit(SliceDict(x=ARRAYS[0]), ARRAYS[1])
    assert_array_equal(net.predict(SliceDict(x=ARRAYS[0])), expected)


def test_a_dictionary_holds_nothing_beside_the_windows():
    with pytest.raises(TypeError, match="past=, future= or static="):
        forecaster().fit(SliceDict(x=ARRAYS[0], future=ARRAYS[0]), ARRAYS[1])


def test_a_dataset_gives_pairs():
    with pytest.raises(ValueError, match="returns 3 values"):
        forecaster().fit(TensorDataset(*[torch.ones(60, 8)] * 3))


@pytest.mark.parametrize("data", [ARRAYS, (Dataset(*ARRAYS), None)])
def test_predefined_split_takes_a_dataset_of_skorch(data):
    valid = Dataset(ARRAYS[0][:7], ARRAYS[1][:7])
    net = forecaster(train_split=predefined_split(valid), batch_size=N_ORIGINS)
    net.fit(*data)
    assert batch_sizes(net, "train") == [N_ORIGINS]
    assert batch_sizes(net, "valid") == [7]


def test_a_split_gets_the_targets_and_what_it_names_of_the_fit():
    seen = []

    def split(dataset, y, share):
        seen.append((y, share))
        return Subset(dataset, range(40)), Subset(dataset, range(40, 60))

    forecaster(train_split=split).fit(*ARRAYS, share=0.5)
    ((y, share),) = seen
    assert_array_equal(y, ARRAYS[1])
    assert share == 0.5


def test_groups_reach_a_grouped_split():
    # Three groups of 30, 20 and 10 origins: the first fold validates on the largest.
    groups = np.repeat([0, 1, 2], [30, 20, 10])
    net = forecaster(train_split=ValidSplit(GroupKFold(3)), batch_size=N_ORIGINS)
    net.fit(*ARRAYS, groups=groups)
    assert batch_sizes(net, "train") == [30]
    assert batch_sizes(net, "valid") == [30]


class Scaled(nn.Module):
    """A network that a fit tells by what to multiply."""

    def __init__(self, length, output_shape):
        super().__init__()
        self.output_shape = output_shape
        self.linear = nn.Linear(length, int(np.prod(output_shape)))

    def forward(self, x, factor=1.0):
        return factor * self.linear(x[..., 0]).view(-1, *self.output_shape)


class ScaledForecaster(Forecaster):
    """A forecaster of that network."""

    module = Scaled


def test_parameters_of_a_fit_reach_the_network():
    net = ScaledForecaster(
        baseline=None, max_epochs=1, random_state=0, early_stopping=False
    )
    plain = net.fit(*ARRAYS).history[:, "train_loss"]
    assert net.fit(*ARRAYS, factor=1.0).history[:, "train_loss"] == plain
    assert net.fit(*ARRAYS, factor=2.0).history[:, "train_loss"] != plain
    before = weights(net.initialize(*ARRAYS))["network.linear.weight"]
    net.partial_fit(*ARRAYS, factor=0.0)  # all gradients are zero
    assert_same_bits(net.module_.network.linear.weight, torch.nn.Parameter(before))


def test_a_parameter_that_nobody_takes_is_an_error_and_changes_nothing():
    net = forecaster().fit(*ARRAYS)
    before = net.predict(ARRAYS[0])
    with pytest.raises(TypeError, match="unexpected argument 'sample_weights'"):
        net.fit(*ARRAYS, sample_weights=np.ones(N_ORIGINS))
    assert_array_equal(net.predict(ARRAYS[0]), before)


def test_epochs_take_the_place_of_max_epochs():
    net = forecaster(early_stopping=False).fit(*ARRAYS, epochs=3)
    assert len(net.partial_fit(*ARRAYS, epochs=1).history) == 4


def test_the_module_can_be_initialized_alone():
    net = ScaledForecaster(normalize="last").initialize_module()
    assert net.module_.normalization.kind == "last"


def test_the_doctor_records_a_network_that_knows_its_shapes():
    net = ScaledForecaster(
        max_epochs=2, early_stopping=False, batch_size=30, baseline=None
    )
    doctor = SkorchDoctor(net.initialize(*ARRAYS)).fit(*ARRAYS)
    # 2 epochs of 2 batches
    assert len(doctor.gradient_recs_["module"]) == 4
    assert len(doctor.activation_recs_["module"]) == 4


@pytest.mark.parametrize(
    "cls",
    [
        RNNForecaster,
        LSTMForecaster,
        GRUForecaster,
        ConvRNNForecaster,
        EncoderDecoderForecaster,
    ],
)
def test_the_doctor_leaves_out_layers_that_put_out_states(cls):
    net = make(cls, max_epochs=1, random_state=0).initialize(*ARRAYS)
    with pytest.raises(TypeError, match="activations of type"):
        SkorchDoctor(net).fit(*ARRAYS)

    def is_recorded(name):  # as on the page "Coming from skorch"
        return not re.search(r"(recurrent|encoder|decoder)(\.layers\.\d+)?$", name)

    net = make(cls, max_epochs=1, random_state=0).initialize(*ARRAYS)
    doctor = SkorchDoctor(net, match_fn=is_recorded).fit(*ARRAYS)
    layers = set(doctor.activation_recs_["module"][0])
    assert any(name.endswith("dropout") for name in layers)
    assert any(name.endswith("readout") for name in layers)
    weights = {name for name, _ in net.module_.network.named_parameters()}
    assert {f"network.{name}" for name in weights} <= set(
        doctor.gradient_recs_["module"][0]
    )


def test_a_subclass_may_hand_positional_arguments_on():
    class Same(type(forecaster())):
        def __init__(self, *args, extra=1, **kwargs):
            super().__init__(*args, **kwargs)
            self.extra = extra

    assert Same(extra=2, max_epochs=3).get_params()["extra"] == 2
