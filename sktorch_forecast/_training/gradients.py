"""Clipping of gradients."""

import torch


def clip_gradients(parameters, max_norm):
    """Scale gradients down in place to a joint norm of at most `max_norm`.

    Gives what ``torch.nn.utils.clip_grad_norm_`` gives, by the same two operations on
    all gradients at once. That one also sorts them by device and precision, which for
    a small network takes longer than all the rest; here they have one of each.

    Parameters
    ----------
    parameters : list of torch.nn.Parameter
        On one device and of one precision; those without a gradient are left out.
    max_norm : float
        Euclidean norm of all gradients together.
    """
    gradients = [p.grad for p in parameters if p.grad is not None]
    norm = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients)))
    # No question whether it is too large: a GPU would have to stop for the answer.
    torch._foreach_mul_(gradients, (max_norm / (norm + 1e-6)).clamp_(max=1.0))
