"""Mistakes with the parameters that networks of papers have of their own."""

from bad_parameters import ONE_ON, change, each
from bad_rows import table

HEADS = ("PatchTST", "iTransformer", "TFT", "xLSTM")
SIZES = "each of {} must be a positive integer"

ROWS = table(
    each("segment_length", ONE_ON, [0, 1.5, "a", None, True], "SegRNN"),
    each("period", ONE_ON, [0, 1.5, "day", None], "SparseTSF"),
    each("stacks", "an instance of 'tuple'", ["trend", None, 3], "N-BEATS"),
    each("degree", "an int in the range [0, inf)", [-1, 1.5, None], "N-BEATS"),
    each("n_harmonics", ONE_ON, [0, 1.5, "a"], "N-BEATS"),
    each("n_blocks", ONE_ON, [0, 1.5, None], ("N-BEATS", "TSMixer")),
    each("pool_sizes", "an instance of 'tuple'", [2, "2", None], "N-HiTS"),
    each("knot_distances", "an instance of 'tuple'", [2, None], "N-HiTS"),
    each("decoder_size", ONE_ON, [0, 2.5, None], "TiDE"),
    each("covariate_size", ONE_ON, [0, 2.5, None], "TiDE"),
    each("patch_length", ONE_ON, [0, 1.5, None], ("PatchTST", "xLSTM")),
    each("stride", ONE_ON, [0, 1.5, None], "PatchTST"),
    each("n_heads", ONE_ON, [0, 1.5, None], HEADS),
    each("num_layers", ONE_ON, [0, 1.5], ("PatchTST", "iTransformer", "minGRU")),
    each("blocks", "an instance of 'tuple'", ["mLSTM", None, 3], "xLSTM"),
    each("cell", "a str among {", ["rnn", None, "GRU"], "minGRU"),
    each("fine_tune_epochs", "an int in the range [0, inf)", [-1, 1.5], "pretrained"),
    change(
        "pretrained for counts",
        ValueError,
        "The 'loss' parameter of PretrainedForecaster must be",
        "poisson",
        on="pretrained",
        loss="poisson",
    ),
    change(
        "heads that do not share",
        ValueError,
        "hidden_size as a multiple of n_heads=3",
        "found 4",
        on=HEADS,
        n_heads=3,
    ),
    change(
        "a single unit in a head",
        ValueError,
        "hidden_size as a multiple of n_heads=4, at least twice as large",
        "found 4",
        on="xLSTM",
        n_heads=4,
    ),
    change(
        "a block that is none",
        ValueError,
        "Expected blocks as a tuple of some of",
        "lstm",
        on="xLSTM",
        blocks=("mLSTM", "lstm"),
    ),
    change("no block", ValueError, "Expected blocks", "()", on="xLSTM", blocks=()),
    change(
        "a stack that is none",
        ValueError,
        "Expected stacks as a tuple of some of",
        "season",
        on="N-BEATS",
        stacks=("trend", "season"),
    ),
    change("no stack", ValueError, "Expected stacks", "()", on="N-BEATS", stacks=()),
    change(
        "pools without knots",
        ValueError,
        "as many pool_sizes as knot_distances",
        "(2, 1)",
        on="N-HiTS",
        pool_sizes=(2, 1),
    ),
    change(
        "an empty pool",
        ValueError,
        SIZES.format("pool_sizes"),
        "found 0",
        on="N-HiTS",
        pool_sizes=(2, 0, 1),
    ),
    change(
        "half a step",
        TypeError,
        SIZES.format("knot_distances"),
        "1.5",
        on="N-HiTS",
        knot_distances=(2, 1.5, 1),
    ),
)
