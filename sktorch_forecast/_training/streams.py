"""Private randomness for networks that were not written for it.

The parts of this package draw from a generator that a training hands to them. Those of
torch draw from torch's global one, which others use, too. Dropout that is a module is
replaced by ours, which Monte Carlo dropout then finds. What draws within a function
(attention, stacked recurrent layers, the forward of a user's module) runs while the
global generator holds a state of the network's own.
"""

from typing import Any

import torch
from torch import nn

from .._utils.randomness import TorchStream
from ..layers import Dropout

# Dropouts of torch, and how many of the last axes each drops together.
_DROPOUTS = {nn.Dropout: 0, nn.Dropout1d: 1, nn.Dropout2d: 2, nn.Dropout3d: 3}
# Others of torch that draw, besides attention and recurrent layers with a dropout.
_DRAWING = (nn.AlphaDropout, nn.FeatureAlphaDropout, nn.RReLU)


def with_own_dropout(network: nn.Module) -> nn.Module:
    """A network with dropouts of ours in the place of torch's; it is changed."""
    # A module may stand in several places.
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
    """Give one private generator to all parts of a network that ask for one.

    Returns
    -------
    stream : TorchStream or None
        For the training passes of a network that may draw from torch's global
        generator.
    """
    generator = torch.Generator(device).manual_seed(seed)
    parts: list[Any] = list(module.modules())
    for part in parts:
        if "generator" in vars(part):
            part.generator = generator
    return TorchStream(seed, device) if _may_draw(module) else None


def _may_draw(module):
    """Whether a network may draw from the global generator, as far as one can see."""
    for part in module.modules():
        # What a user's forward does, nobody knows.
        if type(part).__module__.split(".")[0] not in ("torch", "sktorch_forecast"):
            return True
        dropout = getattr(part, "dropout", 0)
        if isinstance(part, _DRAWING) or isinstance(dropout, float) and dropout > 0:
            return True
    return False
