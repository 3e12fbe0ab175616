"""skorch's own tests of its nets, with a forecaster in the place of the net."""

import sys
from functools import wraps
from types import ModuleType

import adapter
import pytest
import skorch
import skorch.net

if skorch.__version__ < "1.4":
    pytest.skip(
        "the list of differences is that of skorch 1.4", allow_module_level=True
    )


def repeated(max_runs=2):
    """As the decorator of the package flaky, for tests that may fail by chance."""

    def decorate(test):
        @wraps(test)
        def run(*args, **kwargs):
            for _ in range(max_runs - 1):
                try:
                    return test(*args, **kwargs)
                except AssertionError:
                    pass
            return test(*args, **kwargs)

        return run

    return decorate


# skorch's tests import it, and it is not installed.
repeats = ModuleType("flaky")
repeats.flaky = repeated
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
