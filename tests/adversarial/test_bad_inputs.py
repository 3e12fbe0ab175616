"""What is said to a careless user, at every public entry.

One table of mistakes, in files by what they are made with (``bad_*.py``). For each, the
error must be of the right kind and say what was expected, what was found or what to do,
and what was called must be left as it was.
"""

import functools
import warnings

import bad_drawings
import bad_fits
import bad_frames
import bad_layers
import bad_metrics
import bad_networks
import bad_others
import bad_panels
import bad_parameters
import bad_pictures
import bad_scorers
import bad_series
import bad_splits
import bad_uncertainty
import bad_windows
import bad_wrappers
import matplotlib
import pytest
from bad_subjects import EVERY, NETWORKS, state_of, subject
from common import FORECASTERS
from common import NETWORKS as NETWORK_CLASSES
from sklearn.base import clone

matplotlib.use("Agg")
PARTS = (
    bad_series,
    bad_panels,
    bad_windows,
    bad_fits,
    bad_uncertainty,
    bad_parameters,
    bad_networks,
    bad_wrappers,
    bad_frames,
    bad_metrics,
    bad_scorers,
    bad_pictures,
    bad_drawings,
    bad_splits,
    bad_layers,
    bad_others,
)
ROWS = [row for part in PARTS for row in part.ROWS]
# A kind is a mistake at an entry, whatever subjects it is made with.
KINDS = {}
for one in ROWS:
    KINDS.setdefault(f"{one.entry}: {one.mistake}", []).append(one)


# What also happens to forecasters that were never fitted.
FIRST = ("set_params, then fit", "set_params, then initialize")


@functools.cache
def first_state_of(name):
    """What a subject was like when it was made."""
    return state_of(subject(name))


def said_by(error):
    """The message, and that of its cause, which stands above it in a traceback."""
    cause = error.__cause__
    return str(error) if cause is None else f"{error} {cause}"


def check_same(before, after):
    """That nothing has changed, of what ``state_of`` gives."""
    *said, attributes = before
    *said_now, attributes_now = after
    assert said_now == said
    assert attributes_now.keys() == attributes.keys()
    assert all(attributes_now[name] is value for name, value in attributes.items())


def check_row(row, *things):
    """Make the mistake with a thing, or with none."""
    with (
        warnings.catch_warnings(action="ignore"),
        pytest.raises(row.error) as caught,
    ):
        row.call(*things)
    said = said_by(caught.value)
    missing = [words for words in row.words if words not in said]
    assert not missing, said


def check_first_time(row, thing):
    """Make the mistake with the like of a thing that was never fitted."""
    fresh = clone(thing)
    attributes = vars(fresh).copy()
    check_row(row, fresh)
    assert vars(fresh) == attributes


def check_with_params(row, thing):
    """Make the mistake with other parameters, and put the old ones back."""
    old = {name: thing.get_params()[name] for name in row.params}
    try:
        thing.set_params(**row.params)
        attributes = vars(thing).copy()
        check_row(row, thing)
        assert vars(thing) == attributes
        if row.entry in FIRST:
            check_first_time(row, thing)
    finally:
        thing.set_params(**old)


def check_subject(row):
    """Make the mistake with the subject of a row, which must stay as it was."""
    thing, before = subject(row.on), first_state_of(row.on)
    if row.params:
        check_with_params(row, thing)
    else:
        check_row(row, thing)
    check_same(before, state_of(thing))
    if row.entry == "fit":
        check_first_time(row, thing)


@pytest.mark.parametrize("kind", KINDS)
def test_bad_input(kind):
    for row in KINDS[kind]:
        try:
            check_row(row) if row.on is None else check_subject(row)
        except BaseException as error:
            error.add_note(row.name)
            raise


def test_there_are_many_kinds():
    # Several values of one parameter are one kind.
    kinds = {(row.entry, row.mistake.partition("=")[0]) for row in ROWS}
    assert len(kinds) >= 1_000
    assert len({row.name for row in ROWS}) == len(ROWS)


def test_words_are_asked_of_every_message():
    assert all(row.words and all(row.words) for row in ROWS)


def test_every_forecaster_is_a_subject():
    assert {type(subject(name)) for name in EVERY} == set(FORECASTERS)
    assert {type(subject(name)) for name in NETWORKS} == set(NETWORK_CLASSES)
