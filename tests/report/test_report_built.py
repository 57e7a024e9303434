"""The manuscript of a whole run, opened as a person opens it, and its numbers followed back."""

import csv
import json
from pathlib import Path

import pytest

pytestmark = [pytest.mark.end_to_end, pytest.mark.xdist_group("built")]


@pytest.fixture(scope="module")
def results(built_project) -> Path:
    return built_project.path / "results"


def _values(results: Path) -> list[dict]:
    return json.loads((results / "values.json").read_text(encoding="utf-8"))["values"]


def test_a_number_would_not_stand_in_its_cell(results):
    sheets: dict[str, list[list[str]]] = {}
    values = _values(results)
    assert len(values) > 200
    for value in values:
        path = value["file"]
        if path not in sheets:
            with (results.parent / path).open(encoding="utf-8", newline="") as stream:
                sheets[path] = list(csv.reader(stream))
        rows = sheets[path]
        cell = rows[value["row"] - 1][rows[0].index(value["column"])]
        if value["value"] is None:
            assert cell == "", value["id"]
        else:
            assert float(cell) == float(value["value"]), value["id"]


def test_a_number_would_not_lead_to_raw_files(results):
    for value in _values(results):
        assert value["rule"] and value["script"].endswith(f"{value['rule']}.py") and value["code_hash"], value["id"]
        raw = value["input_hashes"]
        assert raw, value["id"]
        assert all(path.startswith(("data/", "config/", "workflow/")) for path in raw), value["id"]
        assert (results.parent / value["script"]).is_file()


def test_a_number_would_be_listed_that_nobody_shows_or_shown_that_is_not_listed(results):
    import re

    page = (results / "report" / "manuscript.html").read_text(encoding="utf-8")
    shown = set(re.findall(r'class="value" data-id="([^"]+)"', page))
    assert shown == {value["id"] for value in _values(results)}


def test_a_number_would_name_raw_files_of_another_stage(results):
    files = {value["file"]: set(value["input_hashes"]) for value in _values(results)}
    coders = {path for path in files["results/tiny/models/estimates.csv"] if "/coders/" in path}
    assert coders
    assert coders <= files["results/tiny/agreement/coefficients.csv"]
    assert not coders & files["results/tiny/assay/curves.csv"]
    assert all(path.startswith("data/evidence/") for path in files["results/audit/claims.csv"])


def test_a_participants_id_would_be_printed(results):
    import re

    import docx
    from pypdf import PdfReader

    with (results / "tiny" / "intake" / "participants.csv").open(encoding="utf-8", newline="") as stream:
        people = list(csv.DictReader(stream))
    ids = {row[column] for row in people for column in ("patient", "therapist") if row[column]}
    assert len(ids) > 3
    report = results / "report"
    page = re.sub(r'"data:image/[^"]*"', "", (report / "manuscript.html").read_text(encoding="utf-8"))
    document = docx.Document(str(report / "manuscript.docx"))
    word = [p.text for p in document.paragraphs]
    word += [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    pdf = [page.extract_text() for page in PdfReader(report / "manuscript.pdf").pages]
    texts = {"HTML": page, "DOCX": "\n".join(word), "PDF": "\n".join(pdf)}
    texts |= {name: (results / name).read_text(encoding="utf-8") for name in ("values.json", "report/outline.json")}
    of_a_person = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, sorted(ids)))})(?!\w)")
    found = {name: of_a_person.findall(text) for name, text in texts.items()}
    assert not any(found.values()), found


def test_the_record_of_a_raw_file_would_not_be_its_hash(results):
    import hashlib

    hashes = {path: digest for value in _values(results) for path, digest in value["input_hashes"].items()}
    for path, digest in hashes.items():
        assert hashlib.sha256((results.parent / path).read_bytes()).hexdigest() == digest, path


def test_an_absolute_path_or_a_time_would_leak_into_the_results(results):
    for name in ("values.json", "report/provenance.json", "report/manuscript.html", "report/ro-crate-metadata.json"):
        text = (results / name).read_text(encoding="utf-8")
        assert str(results.parent) not in text, name


def test_a_file_of_the_run_would_be_missing_from_its_provenance(results):
    record = json.loads((results / "report" / "provenance.json").read_text(encoding="utf-8"))
    made = {path for job in record["jobs"] for path in job["outputs"]}
    for path in ("results/values.json", "results/estimates.csv", "results/report/manuscript.html"):
        assert path in made
    assert any(path.startswith("data/tiny/") for path in record["raw_files"])
    crate = json.loads((results / "report" / "ro-crate-metadata.json").read_text(encoding="utf-8"))
    assert crate["@graph"][0]["about"] == {"@id": "./"}


@pytest.mark.browser
def test_the_manuscript_would_not_open_offline(results, tmp_path):
    from browser import visit

    seen = visit(results / "report" / "manuscript.html", tmp_path)
    assert seen.console == []
    assert seen.requests == []
    assert seen.seen["images"]
    assert all(width > 100 for width in seen.seen["images"])
    assert seen.seen["values"] > 100
    assert seen.seen["without"] == []
    assert "raw files" in seen.seen["panel"]


@pytest.mark.browser
def test_a_notebooks_page_would_not_open_offline(results, tmp_path):
    from browser import visit

    pages = sorted((results / "report" / "notebooks").glob("*.html"))
    assert pages
    seen = visit(pages[0], tmp_path)
    assert (seen.console, seen.requests) == ([], [])
    assert all(width > 100 for width in seen.seen["images"])


def test_word_would_find_pictures_of_tables_or_tables_without_captions(results):
    import docx

    document = docx.Document(str(results / "report" / "manuscript.docx"))
    captions = [p.text for p in document.paragraphs if p.style.name == "Table Caption"]
    assert len(document.tables) == len(captions) > 8
    assert [caption.split("\n")[0] for caption in captions] == [f"Table\u00a0{n}" for n in range(1, len(captions) + 1)]
    assert all(len(table.rows) > 1 for table in document.tables)
    assert "SIMULATED DATA" in document.sections[0].header.paragraphs[0].text
    text = "\n".join(paragraph.text for paragraph in document.paragraphs)
    for trace in ("{{<", "?var", "[[", "@tbl", "@fig", "@sec"):
        assert trace not in text, trace


def test_the_pdf_would_lack_its_numbers_or_marks(results):
    from pypdf import PdfReader

    reader = PdfReader(results / "report" / "manuscript.pdf")
    pages = [" ".join(page.extract_text().split()) for page in reader.pages]
    assert all("SIMULATED DATA" in page for page in pages)
    text = " ".join(pages)
    patients = next(value for value in _values(results) if value["id"] == "tiny.sample.n_patients")
    assert f"has {patients['formatted']} patients" in text
    # The published table as its authors pooled it, beside its printed line.
    for part in ("Rupture repair and outcome", "3.06", ".39", "References", "Zilcha-Mano"):
        assert part in text, part


def test_real_waves_would_share_a_manuscript_with_simulated_ones(built_project):
    from ruptureflow.simulate import write_wave

    table = built_project.path / "config" / "waves.tsv"
    text = table.read_text(encoding="utf-8")
    write_wave("tiny", built_project.path / "data" / "lab")
    built_project.list_waves(("tiny", "simulated"), ("lab", "real"))
    try:
        plan = built_project.snakemake("--dry-run").stdout
    finally:
        table.write_text(text, encoding="utf-8")
    collected = plan.split("rule collect_values:")[1].split("output:")[0]
    assert "results/lab/models/estimates.csv" in collected
    assert "results/tiny/models/estimates.csv" not in collected
    rendered = plan.split("rule render_manuscript:")[1].split("output:")[0]
    assert "results/lab/report/figures" in rendered
    assert "results/tiny/report/figures" not in rendered
