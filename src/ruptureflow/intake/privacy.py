"""Columns that may identify a person are refused: a wave folder holds ids, not names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ruptureflow.config.raw_files import RawFile
from ruptureflow.intake.findings import Findings
from ruptureflow.intake.raw import RawSheet

if TYPE_CHECKING:
    import pandas as pd

WHOSE = (
    "(first|last|family|given|full|sur|nick|vor|nach|familien|"
    "patient(en|s)?|therapist|client|klienten|participant|subject)"
)
# Around a heading's own words: "DOB (dd/mm/yyyy)", "name of the patient", "Name, Vorname".
REST = r"([\s_.-]*[(\[].*[)\]]|[\s_.-]+(of|des|der)[\s_.-].*|\s*[,/;&+]\s*.*)?"
NAME = re.compile(rf"({WHOSE}(['’`´]s)?[\s_.'’-]*)*names?{REST}|surname{REST}", re.IGNORECASE)
BIRTH = re.compile(
    r"(.*[\s_.-])?(dob|d\.o\.b\.?|birth[\s_.-]?(day|date)|date[\s_.-]?of[\s_.-]?birth|geburts(tag|datum)|"
    rf"geb[\s_.-]*datum){REST}",
    re.IGNORECASE,
)
CONTACT = re.compile(
    r"(.*[\s_.-])?(e[\s_.-]?mail([\s_.-]?(address|adresse))?|phone|telephone|telefon(nummer)?|mobile|address|adresse|"
    rf"anschrift){REST}",
    re.IGNORECASE,
)
KINDS = ((NAME, "names"), (BIRTH, "dates of birth"), (CONTACT, "addresses"))
EMAIL = r"[\w.+-]+@[\w-]+\.\w"


def tell_personal_data(raw: RawSheet, declared: RawFile, findings: Findings) -> None:
    """An error for each column whose heading or cells look like names, dates of birth or e-mail addresses."""
    fix = "remove the column from the file; an id is enough. If it is none, list it under not_personal in wave.yaml"
    for place, heading in enumerate(raw.headings):
        if heading in declared.not_personal:
            continue
        kind = next((word for pattern, word in KINDS if pattern.fullmatch(heading)), None)
        place_of_email = _first_email(raw.cells[place])
        if kind is not None and raw.cells[place].ne("").any():
            problem, row = f"a column that may hold {kind}", raw.heading_row
        elif place_of_email is not None:
            problem, row = "an e-mail address, which identifies a person", int(raw.rows[place_of_email])
        else:
            continue
        findings.about_file("error", raw.file, problem, fix, raw.sheet, row, heading)


def _first_email(cells: pd.Series) -> int | None:
    """Position of the first cell with an e-mail address."""
    at = cells.str.contains("@", regex=False)
    if not at.any():
        return None
    found = cells[at].str.contains(EMAIL, regex=True)
    return int(found[found].index[0]) if found.any() else None
