"""Headings that may identify a person, as clinics write them, and headings that only look alike."""

import pytest

from ruptureflow.intake.privacy import KINDS


def _kind(heading):
    return next((kind for pattern, kind in KINDS if pattern.fullmatch(heading)), None)


@pytest.mark.parametrize(
    ("heading", "kind"),
    [
        ("Name", "names"),
        ("participant_name", "names"),
        ("Patientenname", "names"),
        ("Patient's name", "names"),
        ("therapist’s last name", "names"),
        ("Patients' names", "names"),
        ("Nachname", "names"),
        ("Name, Vorname", "names"),
        ("Name des Patienten", "names"),
        ("DateOfBirth", "dates of birth"),
        ("DOB (dd/mm/yyyy)", "dates of birth"),
        ("patient_dob", "dates of birth"),
        ("Geb.-Datum", "dates of birth"),
        ("Geburtsdatum [TT.MM.JJJJ]", "dates of birth"),
        ("E-Mail-Adresse", "addresses"),
        ("Telefon", "addresses"),
        ("Anschrift", "addresses"),
    ],
)
def test_a_column_about_a_person_would_be_read(heading, kind):
    assert _kind(heading) == kind


@pytest.mark.parametrize(
    "heading", ["patient", "sample name", "file_name", "instrument_name", "run name", "Datum", "username", "birthplace"]
)
def test_a_column_about_no_person_would_be_refused(heading):
    assert _kind(heading) is None
