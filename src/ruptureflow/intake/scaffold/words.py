"""The words by which labs and clinics head their columns, in the languages met so far."""

from __future__ import annotations

import re

WORDS: dict[str, tuple[str, ...]] = {
    "patient": ("patient", "patient_id", "patientid", "id", "pid", "pat", "client", "client_id", "subject",
                "subject_id", "participant", "participant_id", "case", "dyad", "dyad_id", "code", "vp", "patnr",
                "מטופל", "מטופלת", "נבדק"),
    "session": ("session", "session_no", "session_nr", "session_number", "sess", "sitzung", "visit", "s",
                "מפגש", "פגישה"),
    "timepoint": ("timepoint", "time_point", "wave", "assessment", "zeitpunkt", "when"),
    "role": ("role", "person", "who", "rolle", "respondent"),
    "occasion": ("occasion", "pre_post", "prepost", "phase", "moment", "time", "when",
                 "zeitpunkt"),
    "sample": ("sample", "sample_id", "sampleid", "tube", "tube_id", "vial", "label", "probe", "röhrchen",
               "barcode"),
    "collected_at": ("collected_at", "collected", "collection_time", "sampled_at", "datetime", "date_time",
                     "entnahme", "entnahmezeit"),
    "dilution": ("dilution", "dil", "dilution_factor", "verdünnung"),
    "run": ("run", "assay", "assay_run", "plate", "batch", "lauf"),
    "position": ("position", "pos", "tube", "tube_no", "well", "nr", "no"),
    "label": ("label", "content", "sample", "name", "tube_label", "labels", "bezeichnung", "probe", "inhalt"),
    "signal": ("signal", "cpm", "counts", "od", "absorbance"),
    "unit": ("unit", "units", "einheit"),
    "replicate": ("replicate", "rep", "duplicate"),
    "coder": ("coder", "rater", "observer", "judge", "coder_id", "beobachter", "kodierer", "שופט", "מקודד"),
    "coded_on": ("coded_on", "coding_date", "date_of_coding", "date_coded", "kodiert_am", "kodierdatum"),
    "segment": ("segment", "seg", "block", "minute_block"),
    "measure": ("measure", "what"),
    "code": ("code", "marker", "category", "marker_code"),
    "value": ("value", "score", "answer", "response", "wert", "count", "rating"),
    "item": ("item", "item_no", "question", "frage"),
    "therapist": ("therapist", "therapist_id", "therapeut", "th", "counselor", "clinician", "מטפל", "מטפלת"),
    "age": ("age", "alter", "age_years", "גיל"),
    "gender": ("gender", "sex", "geschlecht", "מין", "מגדר"),
    "arm": ("arm", "group", "condition", "treatment", "treatment_arm", "gruppe", "קבוצה"),
    "personality_disorder": ("personality_disorder", "pd", "comorbid_pd", "axis_2",
                             "persönlichkeitsstörung"),
    "dropout": ("dropout", "drop_out", "dropped_out", "abbruch"),
}  # fmt: skip
MATRICES = ("saliva", "plasma", "serum", "urine", "hair")
PRE = ("לפני", "pre", "before", "vor", "prä", "baseline", "t0", "avant")
START = ("intake", "start", "begin", "beginn", "baseline", "screening", "pre", "t0", "first", "aufnahme")
END = ("end", "ende", "post", "termination", "last", "t2", "final", "abschluss")
POST = ("אחרי", "post", "after", "nach", "t1", "apres", "après")
MISSING = ("NA", "N/A", "n/a", "na", "NaN", "-", ".", "missing", "99", "999", "-9", "-99", "#N/A", "k.A.")


def plain(heading: str) -> str:
    """A heading in lower case, its words joined by `_`."""
    return re.sub(r"[^\w]+", "_", heading.strip().casefold()).strip("_")


def headings_by_name(headings: list[str], names: tuple[str, ...]) -> dict[str, str]:
    """Our name: the heading that stands for it, each heading once, exact names first."""
    found: dict[str, str] = {}
    for exact in (True, False):
        for name in names:
            for heading in headings:
                words = (name,) if exact else WORDS[name]
                if name not in found and heading not in found.values() and plain(heading) in words:
                    found[name] = heading
    return found


def parts(heading: str) -> list[str]:
    """The words of a heading."""
    return plain(heading).split("_")
