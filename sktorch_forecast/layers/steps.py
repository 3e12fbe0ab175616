"""When a recurrent layer is trained with written-out steps instead of torch's."""

import torch
from torch import Tensor, nn


def has_written_steps(layer: nn.RNNBase, x: Tensor) -> bool:
    """Whether a layer with its own backward pass should use it.

    Parameters
    ----------
    layer : torch.nn.RNNBase
        The layer, a subclass of torch's.
    x : Tensor
        Its input.
    """
    return (
        torch.is_grad_enabled()
        and is_plain(layer, x)
        and not layer.bidirectional
        # Where arithmetic outweighs call overhead, torch is as fast or faster; these
        # bounds were measured (docs/speed).
        and x.shape[1] >= 4
        and 0 < x.shape[0] * layer.hidden_size <= 2**13
    )


def is_plain(layer: nn.RNNBase, x: Tensor) -> bool:
    """Whether our own code may compute what a layer computes.

    That holds for a single layer with biases, on a CPU, in the precision of its
    weights.

    Parameters
    ----------
    layer, x
        As for `has_written_steps`.
    """
    return (
        x.device.type == "cpu"
        and x.shape[2:] == (layer.input_size,)
        and layer.batch_first
        and layer.bias
        and layer.num_layers == 1
        and x.dtype == layer.weight_hh_l0.dtype
        and not torch.is_autocast_enabled("cpu")
        and not torch.compiler.is_compiling()
    )
