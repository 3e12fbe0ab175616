"""What the file of a network contains, and how the network is built from it.

Weights, optimizer and random numbers are stored; the network itself is rebuilt from its
`NetworkSpec`. So a file depends on the names of the weights, not on how the modules
around them are written.
"""

import warnings
from typing import Any

import torch
from skorch.exceptions import DeviceWarning
from skorch.history import History

from .._files.mixin import FileMixin, up_to_date, with_version
from .._utils.compat import SkorchNet
from .._utils.randomness import seeded_torch
from .objective import Objective

# Rebuilt, or only present while something runs.
_NOT_STORED = {
    "_n_held",
    "_stream",
    "criterion_",
    "cuda_dependent_attributes_",
    "history_",
    "init_context_",
    "module_",
    "objective_",
    "optimizer_",
    "prefixes_",
    "virtual_params_",
}
_COMPILED = "_orig_mod."  # what torch.compile puts before the names of weights


class FiledNet(FileMixin, SkorchNet):
    """A net that is stored as its weights and the spec they were built from."""

    spec_: Any
    objective_: Objective

    def _to_file(self) -> dict[str, Any]:
        """Attributes by name, with torch objects as tensors."""
        state = {k: v for k, v in vars(self).items() if k not in _NOT_STORED}
        state = with_version(state)
        if not self.initialized_:
            return state
        if set(self.prefixes_) != set(SkorchNet.prefixes_):
            raise TypeError(
                "Expected a network with one module, one criterion and one optimizer, "
                f"found others in {type(self).__name__}, which a file cannot hold. Use "
                "joblib.dump, whose files run code when they are loaded."
            )
        weights = self.module_.state_dict().items()
        return state | {
            "module_": {k.removeprefix(_COMPILED): v for k, v in weights},
            "criterion_": getattr(self.criterion_, "state_dict", dict)(),
            "optimizer_": self.optimizer_.state_dict(),
            "history_": list(self.history_ or []),
        }

    def _from_file(self, state: dict[str, Any]) -> None:
        """Restore the result of `_to_file` on this empty object."""
        state = up_to_date(type(self), state)
        parts = ("module_", "criterion_", "optimizer_", "history_")
        stored = {name: state.pop(name) for name in parts if name in state}
        vars(self).update(state)
        if not stored:
            return
        self.device_ = _usable(self.device_)
        self.virtual_params_ = {}
        with seeded_torch(0):
            module = self.spec_.build()
        module.load_state_dict(stored["module_"])
        self.module_ = module.to(self.device_).eval()
        self.objective_ = Objective(module.head, self.spec_.masked)
        self.initialize_criterion()
        if isinstance(self.criterion_, torch.nn.Module):
            self.criterion_.load_state_dict(stored["criterion_"])
            self.criterion_ = self.criterion_.to(self.device_)
        self.module_ = self.torch_compile(self.module_, name="module")
        self.initialize_optimizer()
        self.optimizer_.load_state_dict(stored["optimizer_"])
        self.history_ = History(stored["history_"])


def _usable(device):
    """The device if it is available, otherwise the CPU."""
    if device.type in ("cpu", "meta") or torch.accelerator.is_available():
        return device
    warnings.warn(
        f"Expected the device {str(device)!r}, found no such device here: the network "
        "is on the CPU.",
        DeviceWarning,
    )
    return torch.device("cpu")
