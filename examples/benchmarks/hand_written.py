"""Plain PyTorch: what somebody writes who needs one network, and nothing around it.

Nothing of sktorch_forecast is used here but the torch module handed in. Batches are
gathered from the series by one index, nothing is checked or recorded, and the loss is
read once an epoch.
"""

import torch
from torch.nn.functional import mse_loss


def train(network, series, length, horizon, *, epochs, batch_size, lr, max_norm):
    """Train a network on all windows of a series.

    Parameters
    ----------
    network : torch.nn.Module
        Maps (batch, length, 1) to (batch, horizon, 1, 1), both in units of the window;
        also says where to compute.
    series : Tensor of shape (n_timestamps,)
    """
    device = next(network.parameters()).device
    series = series.to(device)
    windows = series[:-horizon].unfold(0, length, 1)  # (n, length), no copy
    following = series[length:].unfold(0, horizon, 1)  # (n, horizon), no copy
    parameters = list(network.parameters())
    # Half of the time of Adam's default step, where the network is small.
    optimizer = torch.optim.Adam(parameters, lr=lr, fused=True)
    network.train()
    for _ in range(epochs):
        total = torch.zeros((), device=device)
        for rows in torch.randperm(len(windows)).to(device).split(batch_size):
            x, y = windows.index_select(0, rows), following.index_select(0, rows)
            mean = x.mean(dim=1, keepdim=True)
            x = x - mean
            scale = x.square().mean(dim=1, keepdim=True).sqrt().clamp_min(1e-3)
            forecast = network((x / scale).unsqueeze(-1)).flatten(1)
            loss = mse_loss(forecast, (y - mean) / scale)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(parameters, max_norm)
            optimizer.step()
            total += loss.detach()
        total.item()


@torch.no_grad()
def forecast(network, series, length, horizon, batch_size):
    """Forecasts from every window of a series: (n_windows, horizon)."""
    windows = series[:-horizon].unfold(0, length, 1)
    forecasts = torch.empty(len(windows), horizon)
    network.eval()
    for x, y in zip(windows.split(batch_size), forecasts.split(batch_size)):
        mean = x.mean(dim=1, keepdim=True)
        x = x - mean
        scale = x.square().mean(dim=1, keepdim=True).sqrt().clamp_min(1e-3)
        z = network((x / scale).unsqueeze(-1)).flatten(1)
        torch.addcmul(mean, scale, z, out=y)
    return forecasts
