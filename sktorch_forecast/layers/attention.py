"""Self-attention, and the layer of a transformer around it."""

from torch import Tensor, nn
from torch.nn import functional as F

from .._utils.validation import check_positive_int
from .dropout import Dropout
from .linear import Linear


class EncoderLayer(nn.Module):
    """A layer of a transformer's encoder: attention, then a perceptron, both residual.

    The normalization comes before each of the two [2]_, so that deep networks train
    without a learning-rate warm-up.

    Parameters
    ----------
    hidden_size : int
        Size of a token; a multiple of `n_heads`.
    n_heads : int, default=4
        Number of attention heads.
    dropout : float, default=0.0
        Probability that a number is dropped after either of the two, during training.

    Raises
    ------
    ValueError
        If the heads cannot divide the token evenly.

    References
    ----------
    .. [1] A. Vaswani et al. (2017), Attention Is All You Need. NeurIPS, section 3.
    .. [2] R. Xiong et al. (2020), On Layer Normalization in the Transformer
       Architecture. ICML.
    """

    def __init__(self, hidden_size: int, n_heads: int = 4, dropout: float = 0.0):
        super().__init__()
        self.n_heads = check_positive_int(n_heads, "n_heads")
        if check_positive_int(hidden_size, "hidden_size") % n_heads:
            raise ValueError(
                f"Expected hidden_size as a multiple of n_heads={n_heads}, found "
                f"{hidden_size}: each head reads a part of every token."
            )
        self.norm_1, self.norm_2 = nn.LayerNorm(hidden_size), nn.LayerNorm(hidden_size)
        self.queries_keys_values = Linear(hidden_size, 3 * hidden_size)
        self.mixed = Linear(hidden_size, hidden_size)
        self.perceptron = nn.Sequential(
            Linear(hidden_size, 2 * hidden_size),
            nn.GELU(),
            Dropout(dropout),
            Linear(2 * hidden_size, hidden_size),
        )
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, n_tokens, hidden_size) -> the same shape."""
        x = x + self.dropout(self._attention(self.norm_1(x)))
        return x + self.dropout(self.perceptron(self.norm_2(x)))

    def _attention(self, x):
        # (batch, n, 3 d) -> (3, batch, heads, n, d / heads)
        parts = self.queries_keys_values(x).unflatten(2, (3, self.n_heads, -1))
        queries, keys, values = parts.permute(2, 0, 3, 1, 4).unbind()
        y = F.scaled_dot_product_attention(queries, keys, values)
        return self.mixed(y.transpose(1, 2).flatten(2))
