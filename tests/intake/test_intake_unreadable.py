"""Each thing that people and programs write where a number belongs is told for what it is."""

import pytest

from ruptureflow.config.locale import Locale
from ruptureflow.intake.checks.spelling import spelling
from ruptureflow.intake.unreadable import why_no_number

POINT, COMMA = Locale(), Locale(delimiter=";", decimal=",")


@pytest.mark.parametrize(
    ("cell", "locale", "problem", "fix"),
    [
        ("fourty", POINT, "not a number", "list the word under missing"),
        ("44,5", POINT, "a decimal comma where the file declares a decimal point", "write '.'"),
        ("1,234", POINT, "or a mark between thousands", "write 1234 if it stands between thousands"),
        ("1,234.5", POINT, "marks between thousands", "write 1234.5"),
        ("1.234.567,8", COMMA, "marks between thousands", "write 1234567,8"),
        ("1\u00a0234", POINT, "marks between thousands", "write 1234"),
        ("1’234.5", POINT, "marks between thousands", "write 1234.5"),
        ("31.5", COMMA, "a decimal point where the file declares a decimal comma", "write ','"),
        ("5-Mar", POINT, "a date where a number belongs", "format the column as text"),
        ("04.03.2021", POINT, "a date where a number belongs", "format the column as text"),
        ("12 pg/mL", POINT, "a number with words behind it", "write the number alone: 12,"),
        ("44 years", POINT, "a number with words behind it", "write the number alone: 44,"),
        ("12%", POINT, "a percent sign", "write the number alone: 12"),
        ("−3", POINT, "a dash where a minus sign belongs", "write -3"),
        ("４４", POINT, "digits of another script", "the digits 0 to 9"),
        ("٤٤", POINT, "digits of another script", "the digits 0 to 9"),
        ("1O.5", POINT, "letters that look like digits", "the digits 0 to 9"),
        ("'44", POINT, "an apostrophe or quotation mark around a number", "write 44"),
        ("OVRFLW", POINT, "an overflow mark", "dilute and measure again"),
        ("OVER", POINT, "an overflow mark", "dilute and measure again"),
        ("****", POINT, "an overflow mark", "dilute and measure again"),
        ("<15", POINT, "a limit where a number belongs", "in concentrations only"),
        ("TRUE", POINT, "a truth value where a number belongs", "write the number"),
        ("#DIV/0!", POINT, "an error value of a spreadsheet", "correct the formula"),
        ("#####", POINT, "an error value of a spreadsheet", "correct the formula"),
    ],
)
def test_a_cell_would_be_explained_by_something_else(cell, locale, problem, fix):
    reason = why_no_number(cell, locale)
    assert problem in reason.problem
    assert fix in reason.fix


@pytest.mark.parametrize("other", ["p01", "P1", "P-01", "P 001", "Р01", "Ｐ０１"])
def test_one_id_would_be_two(other):
    assert spelling(other) == spelling("P01")


@pytest.mark.parametrize(("one", "other"), [("1-11", "11-1"), ("P1", "P10"), ("anna", "ann"), ("A1", "B1")])
def test_two_ids_would_be_one(one, other):
    assert spelling(one) != spelling(other)
