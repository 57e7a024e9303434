"""No id of a person leaves intake where the wave asks for pseudonyms."""

import re

import pytest

from ruptureflow.config.wave import Pseudonyms
from ruptureflow.intake import IntakeError
from ruptureflow.intake.pseudonyms import pseudonym, read_key
from ruptureflow.tables import intake

KEY = "a key of more than sixteen letters"
ASKED = "pseudonyms: {key_variable: TEST_KEY, columns: [patient, therapist, coder]}\nfiles:"


@pytest.fixture
def pseudonymous(lab):
    path = lab / "wave.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("files:", ASKED, 1), encoding="utf-8")
    # A blank at an id's end puts the id into the ledger, an unpaired sample its id into the problems.
    answers = lab / "answers.csv"
    answers.write_text(answers.read_text(encoding="utf-8").replace("P01;", "P01 ;", 1), encoding="utf-8")
    return lab


def test_an_id_would_be_written_somewhere(pseudonymous, read, monkeypatch):
    monkeypatch.setenv("TEST_KEY", KEY)
    plain = re.compile(r"\b(P0[12]|T1|C[12]|R00\d)\b")
    tables = read(pseudonymous)
    for table in (*intake.HANDED_OVER, intake.PROBLEMS):
        frame = getattr(tables, table.name)
        text = frame.drop(columns=["source_file", "file"], errors="ignore").to_csv(index=False)
        assert not plain.search(text), table.name
    assert len(tables.participants) == 2


def test_files_of_one_patient_would_come_apart(pseudonymous, read, monkeypatch):
    monkeypatch.setenv("TEST_KEY", KEY)
    tables = read(pseudonymous)
    patients = set(tables.participants["patient"])
    for name in ("samples", "codes", "responses", "reported_scores"):
        assert set(getattr(tables, name)["patient"]) == patients
    assert set(tables.signals["sample"].dropna()) == set(tables.samples["sample"])
    assert patients == {pseudonym("P01", "patient", KEY.encode()), pseudonym("P02", "patient", KEY.encode())}


def test_another_key_would_give_the_same_pseudonyms():
    first, second = (pseudonym("P01", "patient", key.encode()) for key in (KEY, KEY + "!"))
    assert first != second
    assert pseudonym("P01", "patient", KEY.encode()) == first
    assert pseudonym("P01", "therapist", KEY.encode())[1:] != first[1:]


def test_a_person_who_mends_a_file_could_not_find_the_id(pseudonymous, read, monkeypatch):
    monkeypatch.setenv("TEST_KEY", KEY)
    answers = pseudonymous / "answers.csv"
    answers.write_text(answers.read_text(encoding="utf-8").replace("P02;4", "P9;4"), encoding="utf-8")
    assert "P9" in set(read(pseudonymous).problems["value"])


def _message(variable: str, environment: dict[str, str], project) -> str:
    with pytest.raises(IntakeError) as caught:
        read_key(Pseudonyms(key_variable=variable), environment, project)
    return str(caught.value)


def test_a_missing_key_would_be_a_riddle(tmp_path):
    assert _message("K", {}, tmp_path) == (
        "pseudonyms: the environment variable K is not set; set it to the key, or to the path of its file"
    )


def test_a_key_in_the_project_would_be_committed(tmp_path):
    (tmp_path / "key.txt").write_text(KEY, encoding="utf-8")
    message = _message("K", {"K": str(tmp_path / "key.txt")}, tmp_path)
    assert message == "pseudonyms: the key's file lies in the project; move it out and set K anew"


def test_a_key_that_can_be_guessed_would_do(tmp_path):
    assert "shorter than 16 characters" in _message("K", {"K": "secret"}, tmp_path)


def test_a_keys_file_would_be_taken_for_the_key(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "key.txt").write_text(f"{KEY}\n", encoding="utf-8")
    environment = {"K": str(tmp_path / "elsewhere" / "key.txt")}
    assert read_key(Pseudonyms(key_variable="K"), environment, tmp_path / "project") == KEY.encode()
