"""Who took part, what was measured at intake and end, what became of the raw rows."""

from __future__ import annotations

from ruptureflow.config import WaveSettings
from ruptureflow.report import numbers
from ruptureflow.report.labels import Labels
from ruptureflow.report.numbers import is_missing
from ruptureflow.report.parts import Chapter, Sheet

STYLES = {"percent": numbers.percent}
CAPTION_MARK = " (SIMULATED DATA)"
LISTED = {"gender": "gender", "arm": "arm"}


def wave_node(settings: WaveSettings, labels: Labels) -> Chapter:
    """The wave itself: title, origin, the mark that simulated waves carry."""
    chapter = Chapter()
    row, wave = settings.row, settings.wave
    is_simulated = row.origin == "simulated"
    words = {"simulated": "simulated data"} if is_simulated else {}
    chapter.node(
        "wave",
        row.wave,
        name=row.wave,
        title=wave.title,
        description=wave.description,
        origin=row.origin,
        mark=" (simulated data)" if is_simulated else "",
        caption_mark=CAPTION_MARK if is_simulated else "",
        assay_sessions=_listed([str(session) for session in wave.design.assay_sessions]),
        n_sessions=str(len(wave.design.sessions)),
        **words,
    )
    for name in labels.instruments_of(row.wave):
        instrument = labels.instruments[name]
        chapter.node("instrument", f"{row.wave}.instrument.{labels.slug(name)}", row.wave, **instrument)
    return chapter


def summaries(wave: str, sheet: Sheet, labels: Labels) -> Chapter:
    """Every row of `summaries.csv`; sample categories and measures become nodes of their own."""
    chapter = Chapter()
    seen: set[str] = set()
    sds = dict(sheet.frame.loc[sheet.frame["quantity"] == "sd", ["subject", "value"]].itertuples(index=False))
    for index, row in sheet.frame.iterrows():
        subject, quantity = row["subject"], row["quantity"]
        style = STYLES.get(quantity, numbers.count)
        if quantity in ("mean", "sd"):
            style = numbers.aligned(sds.get(subject))
        chapter.cell(
            f"{wave}.{subject}.{quantity}", sheet, index, "value", style, "" if is_missing(row["unit"]) else row["unit"]
        )
        if subject not in seen:
            seen.add(subject)
            _subject_node(chapter, wave, subject, row["label"], labels)
    return chapter


def _subject_node(chapter: Chapter, wave: str, subject: str, label: str, labels: Labels) -> None:
    parts = subject.split(".")
    id = f"{wave}.{subject}"
    if parts[0] == "sample" and len(parts) == 3:
        chapter.node(LISTED[parts[1]], id, wave, label=label)
    elif parts[0] == "sample" and len(parts) == 2:
        chapter.node(f"sample_{parts[1]}", id, wave)
    elif parts[0] == "assay" and len(parts) == 4:
        chapter.node("role", id, f"{wave}.assay.{parts[1]}", label=label)
    elif parts[0] == "assay" and parts[2:] == ["cv"]:
        chapter.node("analyte_cv", id, f"{wave}.assay.{parts[1]}")
    elif parts[0] == "agreement":
        chapter.node("coding", id, wave, instrument=labels.instrument_name(parts[1]))
    elif parts[0] == "measure":
        instrument, scale, role, timepoint = parts[1:]
        chapter.node(
            "change_in_measure" if timepoint == "change" else "measure",
            id,
            wave,
            instrument=labels.instrument_name(instrument),
            scale=labels.scale_name(instrument, scale),
            role=role,
            timepoint={"session": "over sessions", "intake": "at intake", "end": "at the end"}.get(
                timepoint, "end − intake"
            ),
        )


def _listed(words: list[str]) -> str:
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"
