"""Private random numbers for networks that were not written for it.

The modules of this package draw from a generator that the training gives them. torch's
modules draw from the global generator, which others use, too. Dropout modules are
replaced with ours, so that Monte Carlo dropout finds them. Code that draws inside a
function (attention, stacked recurrent layers, the forward of a user's module) runs
while the global generator holds the network's own state.
"""

from typing import Any

import torch
from torch import nn

from .._utils.randomness import TorchStream
from ..layers import Dropout

# torch's dropout modules, and how many of the last axes each drops together.
_DROPOUTS = {nn.Dropout: 0, nn.Dropout1d: 1, nn.Dropout2d: 2, nn.Dropout3d: 3}
# Other torch modules that draw, besides attention and recurrent layers with dropout.
_DRAWING = (nn.AlphaDropout, nn.FeatureAlphaDropout, nn.RReLU)


def with_own_dropout(network: nn.Module) -> nn.Module:
    """Replace torch's dropout modules in a network with ours, in place."""
    # A module may appear in several places.
    parts: list[tuple[str, Any]] = list(network.named_modules(remove_duplicate=False))
    for name, module in parts:
        n_shared_axes = _DROPOUTS.get(type(module))
        # Ours divides by 1 - p.
        if name and n_shared_axes is not None and module.p < 1:
            parent, _, child = name.rpartition(".")
            own = Dropout(module.p, n_shared_axes)
            setattr(network.get_submodule(parent), child, own)
    return network


def seed_network(module: nn.Module, device: Any, seed: int) -> TorchStream | None:
    """Give one private generator to all modules of a network that need one.

    Returns
    -------
    stream : TorchStream or None
        For training passes, if the network may draw from torch's global generator.
    """
    generator = torch.Generator(device).manual_seed(seed)
    parts: list[Any] = list(module.modules())
    for part in parts:
        if "generator" in vars(part):
            part.generator = generator
    return TorchStream(seed, device) if _may_draw(module) else None


def _may_draw(module):
    """Whether a network may draw from the global generator, as far as can be told."""
    for part in module.modules():
        # A user's forward may do anything.
        if type(part).__module__.split(".")[0] not in ("torch", "sktorch_forecast"):
            return True
        dropout = getattr(part, "dropout", 0)
        if isinstance(part, _DRAWING) or isinstance(dropout, float) and dropout > 0:
            return True
    return False
