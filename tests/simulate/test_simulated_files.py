"""The committed demonstration waves are what the generator makes, byte for byte, and say that they are simulated."""

import io
import zipfile
from pathlib import Path

import openpyxl
import pytest

from ruptureflow.config.wave import read_wave
from ruptureflow.simulate import DEMONSTRATIONS, WAVES, SimulationError, write_wave
from ruptureflow.simulate.describing import PROJECT_INSTRUMENTS
from ruptureflow.simulate.text_files import text_file
from ruptureflow.simulate.workbooks import DATE, Sheet, cell_name, workbook

ROOT = Path(__file__).resolve().parents[2]


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> dict[str, Path]:
    """Every wave written once."""
    folder = tmp_path_factory.mktemp("waves")
    return {name: write_wave(name, folder / name) for name in WAVES}


@pytest.mark.parametrize("name", DEMONSTRATIONS)
def test_the_generator_would_make_other_bytes_than_those_committed(name, written):
    made, committed = _contents(written[name]), _contents(ROOT / "data" / name)
    assert sorted(made) == sorted(committed)
    assert [path for path in made if made[path] != committed[path]] == []


@pytest.mark.parametrize("name", WAVES)
def test_a_simulated_wave_would_pass_for_a_real_one(name, written):
    wave = read_wave(written[name])
    assert "simulated" in wave.title
    assert "no person's data" in wave.description
    contents = _contents(written[name])
    assert b"simulated; no person's data" in contents["README.md"]
    for path, content in contents.items():
        if path.endswith(".xlsx"):
            assert openpyxl.load_workbook(io.BytesIO(content)).properties.title.startswith("SIMULATED"), path
        else:
            assert b"SIM" in content.upper(), path


@pytest.mark.parametrize("name", WAVES)
def test_a_wave_declares_a_file_that_is_not_there_or_leaves_one_undeclared(name, written):
    folder = written[name]
    declared = {path for file in read_wave(folder).files for path in folder.glob(file.path)}
    assert all(list(folder.glob(file.path)) for file in read_wave(folder).files)
    assert {path for path in folder.rglob("*") if path.is_file()} - declared == {
        folder / "wave.yaml",
        folder / "README.md",
    }


def test_the_demonstrations_would_weigh_down_every_clone():
    sizes = [path.stat().st_size for name in DEMONSTRATIONS for path in (ROOT / "data" / name).rglob("*")]
    assert sum(sizes) < 3_000_000


def test_a_workbook_would_carry_the_hour_or_the_zlib_of_its_making():
    content = workbook([Sheet("One", [["a & b", 1, None, 2.5], []]), Sheet("Two", [["x"]])], "T <1>")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {DATE}
        assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert book.sheetnames == ["One", "Two"]
    assert [cell.value for cell in book["One"][1]] == ["a & b", 1, None, 2.5]
    assert book.properties.title == "T <1>"


@pytest.mark.parametrize(("place", "name"), [((1, 1), "A1"), ((3, 26), "Z3"), ((10, 27), "AA10"), ((1, 703), "AAA1")])
def test_a_cell_would_stand_under_another_letter(place, name):
    assert cell_name(*place) == name


def test_a_field_with_the_delimiter_would_fall_apart():
    content = text_file([["a;b", 'say "x"', 1.5, None, 2]], ["note"], delimiter=";", decimal=",", encoding="cp1252")
    assert content.decode("cp1252") == 'note\n"a;b";"say ""x""";1,5;;2\n'


def test_an_unknown_wave_would_end_in_a_traceback():
    with pytest.raises(SimulationError, match="no simulated wave 'demo_salvia'; there are demo_saliva"):
        write_wave("demo_salvia", "nowhere")


def test_a_missing_instrument_folder_would_end_in_a_traceback(tmp_path):
    with pytest.raises(SimulationError, match="no such folder"):
        write_wave("tiny", tmp_path / "wave", tmp_path / "instruments")
    (tmp_path / "instruments").mkdir()
    other = (PROJECT_INSTRUMENTS / "ecr.yaml").read_bytes()
    (tmp_path / "instruments" / "ecr.yaml").write_bytes(other)
    with pytest.raises(SimulationError, match=r"hrsd17: no questionnaire among the instruments; add hrsd17\.yaml"):
        write_wave("tiny", tmp_path / "wave", tmp_path / "instruments")
