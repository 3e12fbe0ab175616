"""The example of a service, asked by a client over a socket."""

import json
from urllib.error import HTTPError

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from serving import address_of, ask, rows_of

from sktorch_forecast import load
from sktorch_forecast.datasets import load_elnino


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    import http_service

    path = tmp_path_factory.mktemp("service") / "elnino.safetensors"
    http_service.train(path)
    return load(path)


@pytest.fixture(scope="module")
def address(model):
    import http_service

    with address_of(http_service.service(model)) as found:
        yield found


def test_it_says_what_it_wants(address):
    about = ask(address)
    assert (about["horizon"], about["length"]) == (12, 36)
    assert (about["time"], about["target"]) == ("date", "temperature")


@pytest.mark.parametrize("coverage", [0.9, [0.5, 0.8], None])
def test_it_forecasts_what_the_model_does(address, model, coverage):
    history = load_elnino()[-60:]
    answer = ask(
        f"{address}/forecast", {"history": rows_of(history), "coverage": coverage}
    )
    found = pd.DataFrame(answer["forecast"])
    expected = model.forecast(history.reset_index(), coverage=coverage).reset_index()
    found["date"] = pd.to_datetime(found["date"]).astype(expected["date"].dtype)
    # JSON has ten digits of single precision, and no frequency.
    expected[expected.columns[1:]] = expected[expected.columns[1:]].astype(float)
    assert_frame_equal(found, expected, check_freq=False, rtol=1e-6)
    assert len(found) == 12


@pytest.mark.parametrize("change, words", [
    (lambda rows: rows[-10:], "36"),
    (lambda rows: rows[:20] + rows[21:], "regular|missing|gap"),
    (lambda rows: [{"date": row["date"]} for row in rows], "temperature"),
    (lambda rows: [row | {"date": "soon"} for row in rows], "soon"),
    (lambda rows: [row | {"temperature": "hot"} for row in rows], "hot|numeric|number"),
    (lambda rows: [], "found"),
])  # fmt: skip
def test_a_bad_history_gets_the_words_of_the_model(address, change, words):
    body = {"history": change(rows_of(load_elnino()[-60:]))}
    with pytest.raises(HTTPError) as refused:
        ask(f"{address}/forecast", body)
    assert refused.value.code == 422
    detail = json.load(refused.value)["detail"]
    assert isinstance(detail, str)
    assert any(word in detail for word in words.split("|")), detail


def test_what_is_no_history_is_refused(address):
    with pytest.raises(HTTPError) as refused:
        ask(f"{address}/forecast", {"rows": []})
    assert refused.value.code == 422
