"""A newcomer's wave and a laboratory's are read without a single error, and nothing of them is lost."""

import pytest


@pytest.mark.parametrize("name", ["newcomer", "lab"])
def test_a_faultless_wave_would_be_refused(name, read, request):
    tables = read(request.getfixturevalue(name))
    problems = tables.problems[tables.problems["severity"] == "error"]
    assert problems.to_dict("records") == []


@pytest.mark.parametrize("name", ["newcomer", "lab"])
def test_rows_would_vanish_without_a_trace(name, read, request):
    manifest = read(request.getfixturevalue(name)).manifest
    rows = manifest[manifest["kind"].notna()]
    assert (rows["rows_in"] == rows["rows_out"] + rows["rows_set_aside"]).all()
    assert (rows["rows_in"] > 0).all()


def test_concentrations_without_signals_would_lose_their_limits(newcomer, read):
    reported = read(newcomer).reported_concentrations.set_index("sample")
    assert len(reported) == 12
    assert reported.loc["P01_S8_pre", ["qualifier", "limit"]].tolist() == ["<", 1.5]
    assert reported["concentration"].isna().sum() == 2
    assert reported.loc["P01_S4_pre", "concentration"] == 14.5
    assert reported.loc["P02_S4_post", "qualifier"] is not reported.loc["P01_S8_pre", "qualifier"]


def test_a_coders_workbook_would_lose_who_coded(newcomer, read):
    codes = read(newcomer).codes
    assert set(codes["coder"]) == {"anna", "ben"}
    denial = codes[(codes["code"] == "denial") & (codes["coder"] == "ben")]
    assert denial["value"].tolist() == [1.0] * 6
    blank = codes[codes["code"] == "rejects_intervention"]
    assert blank["value"].tolist() == [0.0] * 12
    assert set(codes.loc[codes["code"] == "resolution_degree", "measure"]) == {"rating"}


def test_a_gap_in_a_questionnaire_would_become_an_answer(newcomer, read):
    responses = read(newcomer).responses
    assert responses["value"].isna().sum() == 1
    assert set(responses["timepoint"]) == {"session"}


def test_a_clean_row_could_not_be_found_in_its_file(lab, read):
    tables = read(lab)
    samples = tables.samples.set_index("sample")
    assert samples.loc["R003", ["source_file", "source_row"]].tolist() == ["manifest.csv", 4]
    signals = tables.signals
    line = (lab / "runs" / "run1.csv").read_text(encoding="utf-8").splitlines()
    for row, signal, position in signals[["source_row", "signal", "position"]].itertuples(index=False):
        cells = line[row - 1].split(";")
        assert cells[0] == position
        assert float(cells[2].replace(",", ".")) == signal


def test_tubes_would_be_taken_for_samples(lab, read):
    signals = read(lab).signals
    standards = signals[signals["content"] == "standard"]
    assert standards["dose"].tolist() == [2.5, 2.5, 100, 100]
    assert standards["sample"].isna().all()
    assert set(signals["run"]) == {"run1"}
    assert signals.loc[signals["sample"] == "R001", "replicate"].tolist() == [1, 2]


def test_intake_session_and_end_would_be_mixed(lab, read):
    scores = read(lab).reported_scores.sort_values(["instrument", "patient", "timepoint"])
    found = scores[["instrument", "patient", "timepoint", "session"]].astype(object).fillna("none").to_numpy().tolist()
    assert found == [
        ["bdi2", "P01", "end", "none"],
        ["bdi2", "P01", "intake", 0],
        ["bdi2", "P02", "intake", 0],
        ["bdi2", "P02", "session", 4],
        ["hrsd17", "P01", "intake", 0],
        ["hrsd17", "P02", "intake", 0],
    ]


def test_a_declared_missing_code_would_become_an_answer(lab, read):
    responses = read(lab).responses
    assert responses["value"].max() == 7
    assert responses["value"].isna().sum() == 1


def test_a_rating_of_the_session_would_be_tied_to_a_segment(lab, read):
    codes = read(lab).codes
    assert codes.loc[codes["measure"] == "rating", "segment"].isna().all()
    assert sorted(codes.loc[codes["measure"] == "count", "segment"].unique()) == [1, 2]


def test_times_and_carried_columns_would_be_lost(lab, read):
    samples = read(lab).samples.set_index("sample")
    assert samples.loc["R001", "collected_at"] == "2021-03-04T09:00:00"
    assert samples.loc["R001", "freezer"] == "F2"


def test_a_files_bytes_could_change_unseen(lab, read):
    import hashlib

    manifest = read(lab).manifest.set_index("file")
    path = lab / "answers.csv"
    assert manifest.loc[path.as_posix(), "sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert manifest.loc[(lab / "wave.yaml").as_posix(), "bytes"] == (lab / "wave.yaml").stat().st_size


def test_a_stricter_house_could_not_stop_on_warnings(newcomer, read):
    from ruptureflow.config.plan import IntakeSettings
    from ruptureflow.intake import IntakeError

    tables = read(newcomer)
    assert set(tables.problems["severity"]) == {"warning"}
    tables.require_accepted(IntakeSettings(), "problems.csv")
    with pytest.raises(IntakeError, match=r"2 warnings: the raw files cannot be used yet; all of them: problems\.csv"):
        tables.require_accepted(IntakeSettings(stop_on="warning"), "problems.csv")


def test_a_wave_of_participants_alone_would_have_no_tables(tmp_path, read):
    from ruptureflow.tables import intake

    (tmp_path / "wave.yaml").write_text(
        "title: x\ndesign: {sessions: [1]}\nfiles:\n  - {kind: participants, path: p.csv}\n", encoding="utf-8"
    )
    (tmp_path / "p.csv").write_text("patient\nP01\n", encoding="utf-8")
    tables = read(tmp_path)
    assert len(tables.problems) == 0
    for table in intake.CLEAN[1:]:
        frame = getattr(tables, table.name)
        assert len(frame) == 0
        assert list(frame.columns) == table.names
