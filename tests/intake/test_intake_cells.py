"""Text cells become numbers exactly or not at all."""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from ruptureflow.config.locale import Locale
from ruptureflow.intake.cells import read_numbers
from ruptureflow.intake.findings import Findings
from ruptureflow.intake.headings import pattern_expression
from ruptureflow.intake.raw import NamedSheet

QUICK = settings(max_examples=40, deadline=None)


def _sheet(texts: list[str]) -> NamedSheet:
    cells = pd.DataFrame({"value": pd.Series(texts, dtype="str")})
    return NamedSheet("file.csv", None, cells, np.arange(2, len(texts) + 2), {"value": "value"}, {})


def _read(texts: list[str], **locale) -> tuple[pd.Series, pd.DataFrame]:
    findings = Findings()
    sheet = _sheet(texts)
    values = read_numbers(sheet.text("value"), sheet, "value", Locale(**{"delimiter": ";", **locale}), findings)
    return values, findings.problems_table()


@QUICK
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1), st.sampled_from([".", ","]))
def test_a_number_would_change_on_its_way_in(numbers, decimal):
    values, problems = _read([repr(number).replace(".", decimal) for number in numbers], decimal=decimal)
    assert values.tolist() == numbers
    assert len(problems) == 0


@QUICK
@given(st.lists(st.text(max_size=8), min_size=1))
def test_a_cell_that_is_no_number_would_vanish_in_silence(texts):
    """Every cell is a number, a declared missing one, or a problem with its row and value."""
    texts = [text.replace("\r", "").replace("\n", "") for text in texts]
    values, problems = _read(texts, missing=["", "NA"])
    missing = {place + 2 for place, text in enumerate(texts) if text in ("", "NA")}
    unreadable = {place + 2 for place in np.flatnonzero(values.isna().to_numpy())} - missing
    assert set(problems["row"]) == unreadable
    for row, value in problems[["row", "value"]].itertuples(index=False):
        assert texts[row - 2] == value or pd.isna(value)


def test_words_and_codes_that_mean_no_value_would_be_numbers():
    values, problems = _read(["98", "-9", "NA", "7"], missing=["", "NA", "-9"], missing_ranges=[[97, 99]])
    assert values.isna().tolist() == [True, True, True, False]
    assert len(problems) == 0


def test_thousands_separators_and_hidden_signs_would_be_guessed():
    texts = ["1,234.5", "1 234", "1_000", "0x10", "inf", "nan", "1e3", "+5", ".5", "5."]
    values, problems = _read(texts)
    assert values.dropna().tolist() == [1000, 5, 0.5, 5]
    assert problems["value"].tolist() == texts[:6]


@QUICK
@given(
    st.from_regex(r"[A-Z]{1,3}[0-9]{1,3}", fullmatch=True),
    st.integers(min_value=0, max_value=99),
    st.sampled_from(["pre", "post"]),
)
def test_an_id_would_not_be_read_back(patient, session, occasion):
    expression = pattern_expression("{patient}_S{session}_{occasion}", {"occasion": ["pre", "post"]})
    match = expression.fullmatch(f"{patient}_S{session:02d}_{occasion}")
    assert match is not None
    assert (match["patient"], int(match["session"]), match["occasion"]) == (patient, session, occasion)
