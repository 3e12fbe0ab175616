"""skorch's own tests of its nets, with a forecaster in the place of the net."""

import sys
from types import ModuleType

import adapter
import pytest
import skorch
import skorch.net

if skorch.__version__ < "1.4":
    pytest.skip(
        "the list of differences is that of skorch 1.4", allow_module_level=True
    )

# A helper of skorch's tests that repeats those which may fail by chance.
repeats = ModuleType("flaky")
repeats.flaky = lambda **_: lambda test: test
sys.modules.setdefault("flaky", repeats)

from skorch.tests.conftest import *  # noqa: E402, F403
from skorch.tests.test_net import (  # noqa: E402, F401
    TestMetadataRouting,
    TestNetSparseInput,
    TestNeuralNet,
    TestTorchCompile,
    TestTrimForPrediction,
)

# What skorch's tests warn of is theirs.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(autouse=True, scope="module")
def forecasters_for_nets():
    """Those tests import the classes from skorch when they run."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("NeuralNet", "NeuralNetClassifier", "NeuralNetRegressor"):
            patch.setattr(skorch, name, getattr(adapter, name))
        patch.setattr(skorch.net, "NeuralNet", adapter.NeuralNet)
        yield
