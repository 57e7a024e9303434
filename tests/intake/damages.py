"""Ways in which files arrive damaged, each a change of one faultless wave."""

from __future__ import annotations

import shutil
from pathlib import Path

import openpyxl
from labwave import WAVE as LAB
from newcomer import MARKERS, write_workbook
from newcomer import WAVE as NEWCOMER


def edit(path: Path, old: str, new: str, encoding: str = "utf-8") -> None:
    """Replace the first occurrence of a text that must be there."""
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{path.name} does not hold {old!r}"
    path.write_text(text.replace(old, new, 1), encoding=encoding)


def cell(path: Path, place: str, value: object) -> None:
    """Set one cell of a workbook's only sheet."""
    book = openpyxl.load_workbook(path)
    book.active[place] = value
    book.save(path)


def declare(folder: Path, wave: str, old: str, new: str) -> None:
    """Change a line of the declaration."""
    assert old in wave, old
    (folder / "wave.yaml").write_text(wave.replace(old, new, 1), encoding="utf-8")


def unknown_column(folder: Path) -> None:
    edit(folder / "participants.csv", "therapist", "therapst")


def missing_column(folder: Path) -> None:
    edit(folder / "participants.csv", "patient,", "patnt,")


def unreadable_number(folder: Path) -> None:
    edit(folder / "participants.csv", "P02,T1,44", "P02,T1,fourty")


def impossible_age(folder: Path) -> None:
    edit(folder / "participants.csv", "P02,T1,44", "P02,T1,144")


def excel_date_in_text(folder: Path) -> None:
    edit(folder / "wai.csv", "P02,4,5,5", "P02,4,5,5-Mar")


def excel_date_cell(folder: Path) -> None:
    import datetime as dt

    cell(folder / "oxytocin.xlsx", "C2", dt.date(2021, 3, 12))


def decimal_comma(folder: Path) -> None:
    edit(folder / "participants.csv", "P02,T1,44", 'P02,T1,"44,5"')


def decimal_point(folder: Path) -> None:
    edit(folder / "participants.csv", "31,5", "31.5")


def item_out_of_range(folder: Path) -> None:
    edit(folder / "wai.csv", "P02,4,5,5", "P02,4,5,8")


def item_between_answers(folder: Path) -> None:
    edit(folder / "wai.csv", "P02,4,5,5", "P02,4,5,5.5")


def score_out_of_range(folder: Path) -> None:
    edit(folder / "scores.csv", "P01;Beginn;24", "P01;Beginn;64")


def count_negative(folder: Path) -> None:
    cell(folder / "coders" / "anna.xlsx", "C2", -1)


def rating_out_of_range(folder: Path) -> None:
    cell(folder / "coders" / "anna.xlsx", "H3", 6)


def doubled_rows(folder: Path) -> None:
    edit(folder / "participants.csv", "P03,T2,,female,9\n", "P03,T2,,female,9\nP03,T1,30,female,9\n")


def doubled_answers(folder: Path) -> None:
    edit(folder / "wai.csv", "P03,8,5", "P03,4,5")


def doubled_sample(folder: Path) -> None:
    edit(folder / "manifest.csv", "R002;P01", "R001;P01")


def occasion_of_two_tubes(folder: Path) -> None:
    edit(folder / "manifest.csv", "R002;P01;4;nach", "R002;P01;4;vor")


def occasion_of_two_ids(folder: Path) -> None:
    rows = [["sample", "oxytocin"], ["P01_S4_pre", 12], ["P01_S04_pre", 13], ["P01_S4_post", 14]]
    _long_oxytocin(folder, rows)


def misspelt_patient(folder: Path) -> None:
    edit(folder / "wai.csv", "P03,8,5", "P3,8,5")


def misspelt_sample(folder: Path) -> None:
    text = (folder / "runs" / "run1.csv").read_text(encoding="utf-8")
    (folder / "runs" / "run1.csv").write_text(text.replace(";R003;", ";R3;"), encoding="utf-8")


def absent_patient(folder: Path) -> None:
    edit(folder / "participants.csv", "P03,T2", "P04,T2,20,male,9\nP03,T2")


def unplanned_session(folder: Path) -> None:
    edit(folder / "wai.csv", "P03,8,5", "P03,9,5")


def unplanned_assay(folder: Path) -> None:
    declare(folder, LAB, "assay_sessions: [4, 8]", "assay_sessions: [4]")


def unknown_role(folder: Path) -> None:
    edit(folder / "answers.csv", "P01;1;therapist;01", "P01;1;supervisor;01")


def unknown_arm(folder: Path) -> None:
    edit(folder / "participants.csv", ";cbt;", ";CBT;")


def neither_yes_nor_no(folder: Path) -> None:
    edit(folder / "participants.csv", ";nein;", ";vielleicht;")


def pre_without_post(folder: Path) -> None:
    edit(folder / "manifest.csv", "R002;P01;4;nach;04.03.2021 10:05;F2\n", "")
    text = (folder / "runs" / "run1.csv").read_text(encoding="utf-8")
    kept = [line for line in text.splitlines(keepends=True) if ";R002;" not in line]
    (folder / "runs" / "run1.csv").write_text("".join(kept), encoding="utf-8")


def unmeasured_sample(folder: Path) -> None:
    text = (folder / "runs" / "run1.csv").read_text(encoding="utf-8")
    kept = [line for line in text.splitlines(keepends=True) if ";R002;" not in line]
    (folder / "runs" / "run1.csv").write_text("".join(kept), encoding="utf-8")


def post_before_pre(folder: Path) -> None:
    edit(folder / "manifest.csv", "R002;P01;4;nach;04.03.2021 10:05", "R002;P01;4;nach;04.03.2021 08:05")


def unreadable_time(folder: Path) -> None:
    edit(folder / "manifest.csv", "04.03.2021 09:00", "04.31.2021 09:00")


def unknown_occasion(folder: Path) -> None:
    edit(folder / "manifest.csv", ";vor;", ";vorher;")


def unit_mismatch(folder: Path) -> None:
    rows = [
        ["patient", "session", "before", "after", "unit"],
        ["P01", 4, 12, 13, "pg/mL"],
        ["P01", 8, 12, 13, "pmol/L"],
    ]
    write_workbook(folder / "oxytocin.xlsx", ("Results", rows))
    declare(folder, NEWCOMER, "columns: {patient: ID, session: Session}", "columns: {}")


def zero_beside_limit(folder: Path) -> None:
    cell(folder / "oxytocin.xlsx", "C2", 0)


def negative_concentration(folder: Path) -> None:
    cell(folder / "oxytocin.xlsx", "C2", -3)


def version_of_the_sheet(folder: Path) -> None:
    declare(folder, NEWCOMER, 'version: "2015"', 'version: "2009"')


def version_of_a_row(folder: Path) -> None:
    text = (folder / "coding.csv").read_text(encoding="utf-8").splitlines()
    lines = [text[0] + ";version", text[1] + ";2009", *(line + ";2015" for line in text[2:])]
    (folder / "coding.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def versions_in_one_wave(folder: Path) -> None:
    old = '{kind: codes, path: coding.csv, instrument: 3rs_2015, version: "2015", layout: long, measure: count}'
    more = '\n  - {kind: codes, path: old.csv, instrument: 3rs_2009, version: "2009", layout: long, measure: count}'
    declare(folder, LAB, old, old + more)
    (folder / "old.csv").write_text(
        "patient;session;coder;segment;code;measure;value\nP01;5;C1;1;denial;;1\n", encoding="utf-8"
    )


def form_version(folder: Path) -> None:
    declare(folder, NEWCOMER, "instrument: wai_s,", "instrument: wai_s, version: Munder 2010,")


def sheet_saved_again(folder: Path) -> None:
    shutil.copy(folder / "coders" / "anna.xlsx", folder / "coders" / "anna_v2 FINAL.xlsx")
    declare(folder, NEWCOMER, '    file_name: "{coder}"', "    constants: {coder: anna}")
    (folder / "coders" / "ben.xlsx").unlink()


def sheet_recoded_in_its_workbook(folder: Path) -> None:
    for name in ("anna", "ben"):
        (folder / "coders" / f"{name}.xlsx").unlink()
    book = {}
    for number, name in enumerate(("anna", "anna_v2", "ben FINAL")):
        book[name] = [["patient", "session", *MARKERS], *(["P01", session, number, 0, 1, 0, 2] for session in (4, 8))]
    write_workbook(folder / "coders" / "all.xlsx", *book.items())
    declare(folder, NEWCOMER, '    file_name: "{coder}"', '    sheet: "*"\n    sheet_name: "{coder}"')


def files_named_as_saved_again(folder: Path) -> None:
    for name, new in (("anna", "c_y FINAL"), ("ben", "c_z (1)")):
        (folder / "coders" / f"{name}.xlsx").rename(folder / "coders" / f"{new}.xlsx")
    declare(folder, NEWCOMER, 'file_name: "{coder}"', 'file_name: "c_{coder}"')


def mark_without_number(folder: Path) -> None:
    cell(folder / "coders" / "anna.xlsx", "C2", "✓−")


def tally_without_number(folder: Path) -> None:
    cell(folder / "coders" / "anna.xlsx", "C2", "III")


def blank_that_says_nothing(folder: Path) -> None:
    declare(folder, NEWCOMER, "    blank: zero\n", "")
    for name in ("anna", "ben"):
        for row in range(2, 8):
            cell(folder / "coders" / f"{name}.xlsx", f"F{row}", 0 if (name, row) != ("ben", 4) else None)


def unknown_code(folder: Path) -> None:
    edit(folder / "coding.csv", ";1;denial;;1", ";1;deniel;;1")


def unknown_measure(folder: Path) -> None:
    edit(folder / "coding.csv", ";1;denial;;1", ";1;denial;frequency;1")


def measure_not_declared(folder: Path) -> None:
    declare(folder, NEWCOMER, "    measure: count\n", "")


def no_code_in_headings(folder: Path) -> None:
    declare(
        folder, NEWCOMER, "    measure: count\n", '    measure: count\n    pattern: "m_{code}"\n    ignore: ["*"]\n'
    )
    (folder / "coders" / "ben.xlsx").unlink()


def unknown_item(folder: Path) -> None:
    edit(folder / "answers.csv", "P01;1;patient;12;", "P01;1;patient;13;")


def no_item_in_headings(folder: Path) -> None:
    declare(folder, NEWCOMER, "layout: wide}", 'layout: wide, pattern: "q{item}", ignore: ["*"]}')


def item_column_missing(folder: Path) -> None:
    edit(folder / "wai.csv", ",wai_s_12", "")
    text = (folder / "wai.csv").read_text(encoding="utf-8").splitlines()
    lines = [text[0], *(line.rsplit(",", 1)[0] for line in text[1:])]
    (folder / "wai.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def no_timepoint(folder: Path) -> None:
    text = (folder / "scores.csv").read_text(encoding="utf-8").splitlines()
    lines = [";".join([line.split(";")[0], line.split(";")[2]]) for line in text[:2]]
    (folder / "scores.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def merged_cells(folder: Path) -> None:
    path = folder / "coders" / "anna.xlsx"
    book = openpyxl.load_workbook(path)
    book.active.merge_cells("A2:A3")
    book.save(path)


def formula_without_value(folder: Path) -> None:
    cell(folder / "oxytocin.xlsx", "D2", "=C2+1")


def trailing_blanks(folder: Path) -> None:
    edit(folder / "participants.csv", "P02,T1", "P02 ,T1")


def trailing_blank_of_a_heading(folder: Path) -> None:
    edit(folder / "participants.csv", "age", "age ")


def blank_row(folder: Path) -> None:
    edit(folder / "participants.csv", "P02,", ",,,,\nP02,")


def empty_key(folder: Path) -> None:
    edit(folder / "participants.csv", "P02,T1", ",T1")


def wrong_delimiter(folder: Path) -> None:
    path = folder / "participants.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(",", ";"), encoding="utf-8")


def surplus_field(folder: Path) -> None:
    edit(folder / "participants.csv", "P02,T1,44,male,16", "P02,T1,44,male,16,left,early")


def wrong_encoding(folder: Path) -> None:
    edit(folder / "participants.csv", "P02,T1", "P02,Tä", encoding="cp1252")


def heading_twice(folder: Path) -> None:
    edit(folder / "participants.csv", "gender", "age")


def cells_without_heading(folder: Path) -> None:
    edit(folder / "participants.csv", "gender,", ",")


def no_headings(folder: Path) -> None:
    declare(folder, NEWCOMER, "path: participants.csv,", "path: participants.csv, header_row: 9,")


def not_a_workbook(folder: Path) -> None:
    (folder / "oxytocin.xlsx").write_text("ID,Session\n", encoding="utf-8")


def several_sheets(folder: Path) -> None:
    path = folder / "oxytocin.xlsx"
    book = openpyxl.load_workbook(path)
    book.create_sheet("Notes")["A1"] = "seen by the lab"
    book.save(path)


def no_such_sheet(folder: Path) -> None:
    declare(folder, NEWCOMER, "path: oxytocin.xlsx", "path: oxytocin.xlsx\n    sheet: Result")


def file_name_without_form(folder: Path) -> None:
    declare(folder, NEWCOMER, 'file_name: "{coder}"', 'file_name: "coder_{coder}"')
    (folder / "coders" / "ben.xlsx").unlink()


def column_and_constant(folder: Path) -> None:
    declare(folder, NEWCOMER, "layout: wide}", "layout: wide, constants: {session: '4'}}")


def strange_ending(folder: Path) -> None:
    (folder / "participants.csv").rename(folder / "participants.dta")
    declare(folder, NEWCOMER, "path: participants.csv", "path: participants.dta")


def names(folder: Path) -> None:
    edit(folder / "participants.csv", "gender", "Last name")
    declare(folder, NEWCOMER, "covariates: [education]", "covariates: [education], ignore: [Last name]")


def dates_of_birth(folder: Path) -> None:
    edit(folder / "participants.csv", "gender", "date of birth")
    declare(folder, NEWCOMER, "covariates: [education]", "covariates: [education], ignore: [date of birth]")


def email_addresses(folder: Path) -> None:
    edit(folder / "participants.csv", "P02,T1,44,male", "P02,T1,44,p2@clinic.example")


def undeclared_file(folder: Path) -> None:
    (folder / "notes.txt").write_text("remember", encoding="utf-8")


def standard_without_dose(folder: Path) -> None:
    declare(folder, LAB, "doses: {S1: 2.5, S2: 100}", "doses: {S1: 2.5}")


def sample_id_without_form(folder: Path) -> None:
    rows = [["sample", "oxytocin"], ["P01_S4_pre", 12], ["P01_S4_post", 13], ["P01-S8-pre", 12]]
    _long_oxytocin(folder, rows)


def _long_oxytocin(folder: Path, rows: list[list[object]]) -> None:
    write_workbook(folder / "oxytocin.xlsx", ("Results", rows))
    text = (
        NEWCOMER[: NEWCOMER.index("    layout: wide\n")]
        + ('    pattern: "{patient}_S{session}_{occasion}"\n    columns: {concentration: oxytocin}\n')
        + NEWCOMER[NEWCOMER.index("  - kind: codes") :]
    )
    (folder / "wave.yaml").write_text(text, encoding="utf-8")


def score_beside_items(folder: Path) -> None:
    edit(folder / "wave.yaml", "timepoints: {Beginn: intake, Ende: end}", "timepoints: {Beginn: intake, Ende: end}\n"
         "  - {kind: scores, path: bond.csv, instrument: wai_s, scores: {bond: bond}}")  # fmt: skip
    # Items 3, 5, 7, 9 of patient P01 in session 1 are 4, 6, 1, 3: bond 3.5.
    (folder / "bond.csv").write_text("patient;session;bond\nP01;1;3,75\nP01;4;3,5\n", encoding="utf-8")


def planned_run_differs(folder: Path) -> None:
    text = (folder / "manifest.csv").read_text(encoding="utf-8").splitlines()
    lines = [text[0] + ";planned_run", text[1] + ";run2", *(line + ";run1" for line in text[2:])]
    (folder / "manifest.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def short_row(folder: Path) -> None:
    edit(folder / "participants.csv", "P02,T1,44,male,16", "P02,T1,44,male")


def open_quotation(folder: Path) -> None:
    edit(folder / "participants.csv", "P02,T1", 'P02,"T1')


def utf_16(folder: Path) -> None:
    path = folder / "participants.csv"
    path.write_bytes(path.read_text(encoding="utf-8").encode("utf-16-le"))


def utf_16_with_its_mark(folder: Path) -> None:
    path = folder / "participants.csv"
    path.write_bytes(b"\xff\xfe" + path.read_text(encoding="utf-8").encode("utf-16-le"))


def utf_8_under_another_name(folder: Path) -> None:
    edit(folder / "participants.csv", "P02,T1", "P02,Tä")
    declare(folder, NEWCOMER, "path: participants.csv,", "path: participants.csv, locale: {encoding: cp1252},")


def empty_file(folder: Path) -> None:
    (folder / "wai.csv").write_bytes(b"")


def headings_only(folder: Path) -> None:
    (folder / "wai.csv").write_text((folder / "wai.csv").read_text(encoding="utf-8").splitlines()[0] + "\n")


def nobody(folder: Path) -> None:
    path = folder / "participants.csv"
    path.write_text(path.read_text(encoding="utf-8").splitlines()[0] + "\n", encoding="utf-8")


def title_above(folder: Path) -> None:
    path = folder / "participants.csv"
    path.write_text("Study of alliance\n\n" + path.read_text(encoding="utf-8"), encoding="utf-8")


def headings_below(folder: Path) -> None:
    path = folder / "wai.csv"
    path.write_text("Who,When" + ",Alliance" * 12 + "\n" + path.read_text(encoding="utf-8"), encoding="utf-8")


def error_of_a_spreadsheet(folder: Path) -> None:
    edit(folder / "participants.csv", "P02,T1,44", "P02,#REF!,#DIV/0!")


def unseen_characters(folder: Path) -> None:
    edit(folder / "participants.csv", "P02,T1", "\u200fP02,T1")


def two_columns_for_one(folder: Path) -> None:
    declare(folder, NEWCOMER, "layout: wide}", "layout: wide, columns: {patient: code}}")
    edit(folder / "wai.csv", "patient,session,", "code,patient,session,")
    text = (folder / "wai.csv").read_text(encoding="utf-8").splitlines()
    (folder / "wai.csv").write_text("\n".join([text[0], *(line[:4] + line for line in text[1:])]) + "\n")


def name_that_nothing_reads(folder: Path) -> None:
    declare(folder, NEWCOMER, "layout: wide}", "layout: wide, constants: {sesion: '4'}}")


def thousands(folder: Path) -> None:
    cell(folder / "oxytocin.xlsx", "C2", "1,234.5")


def percent(folder: Path) -> None:
    cell(folder / "oxytocin.xlsx", "C2", "12%")


def dash_for_minus(folder: Path) -> None:
    cell(folder / "oxytocin.xlsx", "C2", "−3")


def unit_in_the_cell(folder: Path) -> None:
    cell(folder / "oxytocin.xlsx", "C2", "12.5 ng/mL")


def truth_value(folder: Path) -> None:
    cell(folder / "oxytocin.xlsx", "C2", True)


def hidden_rows(folder: Path) -> None:
    book = openpyxl.load_workbook(folder / "oxytocin.xlsx")
    book.active.row_dimensions[3].hidden = True
    book.active.row_dimensions[5].hidden = True
    book.save(folder / "oxytocin.xlsx")


def hidden_column(folder: Path) -> None:
    book = openpyxl.load_workbook(folder / "oxytocin.xlsx")
    book.active.column_dimensions["B"].hidden = True
    book.save(folder / "oxytocin.xlsx")


def hidden_sheet(folder: Path) -> None:
    book = openpyxl.load_workbook(folder / "oxytocin.xlsx")
    book.create_sheet("Old").sheet_state = "hidden"
    book.save(folder / "oxytocin.xlsx")


def password(folder: Path) -> None:
    (folder / "oxytocin.xlsx").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4096))


def text_named_xls(folder: Path) -> None:
    (folder / "participants.csv").rename(folder / "participants.xls")
    declare(folder, NEWCOMER, "path: participants.csv", "path: participants.xls")


def coder_under_two_spellings(folder: Path) -> None:
    edit(folder / "coding.csv", "P02;8;C2;1", "P02;8;С2;1")


def patient_under_two_spellings(folder: Path) -> None:
    edit(folder / "participants.csv", "P03,T2", "p2,T2")


def word_under_two_spellings(folder: Path) -> None:
    edit(folder / "participants.csv", "44,male", "44,Female")


def run_copied(folder: Path) -> None:
    text = (folder / "runs" / "run1.csv").read_text(encoding="utf-8")
    (folder / "runs" / "run2.csv").write_text(text, encoding="utf-8")


def coder_copied(folder: Path) -> None:
    shutil.copy(folder / "coders" / "anna.xlsx", folder / "coders" / "ben.xlsx")


def _of_tube(folder: Path, number: int, signal: str) -> None:
    lines = (folder / "runs" / "run1.csv").read_text(encoding="utf-8").splitlines()
    lines[number - 1] = lines[number - 1].rsplit(";", 1)[0] + ";" + signal
    (folder / "runs" / "run1.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def negative_count_of_a_tube(folder: Path) -> None:
    _of_tube(folder, 12, "-40")


def tube_without_a_signal(folder: Path) -> None:
    _of_tube(folder, 12, "")


def overflow(folder: Path) -> None:
    _of_tube(folder, 12, "OVRFLW")


def one_level(folder: Path) -> None:
    text = (folder / "runs" / "run1.csv").read_text(encoding="utf-8")
    kept = [line for line in text.splitlines(keepends=True) if ";S2;" not in line]
    (folder / "runs" / "run1.csv").write_text("".join(kept), encoding="utf-8")


def date_as_a_number(folder: Path) -> None:
    edit(folder / "manifest.csv", "04.03.2021 09:00", "44259,375")


def year_of_another_age(folder: Path) -> None:
    edit(folder / "manifest.csv", "04.03.2021 09:00", "04.03.0021 09:00")


def lock_of_an_open_workbook(folder: Path) -> None:
    (folder / "coders" / "~$anna.xlsx").write_bytes(b"\x05Anna")


def files_of_a_program(folder: Path) -> None:
    (folder / "coders" / "._anna.xlsx").write_bytes(b"\0")
    (folder / "Thumbs.db").write_bytes(b"\0")


def readme(folder: Path) -> None:
    (folder / "README.txt").write_text("what we did", encoding="utf-8")


DAMAGES = {
    name: thing
    for name, thing in list(globals().items())
    if callable(thing)
    and getattr(thing, "__module__", None) == __name__
    and name not in ("edit", "cell", "declare", "_of_tube", "_long_oxytocin")
}
"""Every damage by its name."""

OF_THE_LAB = (
    decimal_point, score_out_of_range, doubled_sample, misspelt_sample, unplanned_assay, unknown_role, unknown_arm,
    neither_yes_nor_no, pre_without_post, unmeasured_sample, post_before_pre, unreadable_time, unknown_occasion,
    version_of_a_row, versions_in_one_wave, unknown_code, unknown_measure, unknown_item, no_timepoint,
    standard_without_dose, score_beside_items, planned_run_differs, coder_under_two_spellings, run_copied,
    negative_count_of_a_tube, tube_without_a_signal, overflow, one_level, date_as_a_number, year_of_another_age,
    occasion_of_two_tubes,
)  # fmt: skip
"""Damages of the laboratory's wave; the others are of the newcomer's."""
