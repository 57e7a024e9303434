"""What a wave's outcome and predictor measure, from its `wave.yaml` and its instruments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ruptureflow.pooling.errors import PoolingError
from ruptureflow.pooling.metric import MeasureIdentity

if TYPE_CHECKING:
    from ruptureflow.config.instruments import CodingSystem, Questionnaire
    from ruptureflow.config.wave import Analyte, Wave

PARTS = ("_within", "_between")
CHANGES = ("_pre", "_post", "_change", "_log_ratio")
TIMEPOINTS = ("_intake", "_end")
UNREPORTED = "not reported"
NONE = "none"


def measure_identity(
    wave: Wave, instruments: Mapping[str, Questionnaire | CodingSystem], outcome: str, term: str
) -> MeasureIdentity:
    """Identity of a raw slope: what instrument and what assay its outcome and its predictors rest on.

    Parameters
    ----------
    wave : the wave's settings.
    instruments : the instruments its files name, by id.
    outcome, term : as the model spells them, such as bond and oxytocin_change_within.

    Returns
    -------
    MeasureIdentity
        `none` where neither rests on an instrument, or on an assay. A variable that is neither (time, age) enters by
        its name.
    """
    measured: list[tuple[str, str]] = []
    assayed: list[Analyte] = []
    for variable in [outcome, *(part for part in term.split(":") if part != "Intercept")]:
        name = _plain(variable, wave.design.roles)
        analyte = next((one for one in wave.analytes if name in {one.name + change for change in CHANGES}), None)
        if analyte is not None:
            assayed.append(analyte)
        else:
            measured += _instruments_of(name, instruments, wave.design.duration_minutes) or [(name, NONE)]
    return MeasureIdentity(
        instrument=_joined(name for name, _ in measured),
        range=_joined(span for _, span in measured),
        analyte=_joined(one.name for one in assayed),
        matrix=_joined(one.matrix for one in assayed),
        unit=_joined(one.reported_unit or one.unit for one in assayed),
        assay=_joined(f"{one.method}, kit {one.kit}, extraction {one.extraction}" for one in assayed),
    )


def check_reported(identity: MeasureIdentity) -> None:
    """Refuse an assay of which kit or extraction is not reported: what is not known cannot be said to agree.

    Raises
    ------
    PoolingError
        naming the assay and the fix.
    """
    if UNREPORTED in identity.assay:
        raise PoolingError(
            f"the assay of {identity.analyte} ({identity.assay}) cannot be said to agree; declare kit and extraction "
            "in wave.yaml, or use the metric standardised_within"
        )


def _plain(variable: str, roles: list[str]) -> str:
    """A variable's name without its centred part, level, timepoint and role."""
    name = variable.split("[")[0]
    for ending in PARTS:
        name = name.removesuffix(ending)
    for role in roles:
        name = name.removeprefix(f"{role}_")
    return name


def _instruments_of(
    name: str, instruments: Mapping[str, Questionnaire | CodingSystem], minutes: float | None
) -> list[tuple[str, str]]:
    """Instruments that give a scale or total of a name, each with its range; counts also with the time coded."""
    found = []
    for ident, instrument in sorted(instruments.items()):
        own = name.removeprefix(f"{ident}_")
        version = f"{ident} {instrument.version}".strip()
        if instrument.kind == "questionnaire":
            plain = own
            for ending in TIMEPOINTS:
                plain = plain.removesuffix(ending)
            for scale in instrument.scales:
                if scale.name == plain:
                    low, high = instrument.range_of_score(scale)
                    found.append((f"{version} {scale.name}", f"{low:g} to {high:g}, {instrument.score}"))
        else:
            for total in instrument.totals:
                if total.name == own:
                    measure = instrument.measures[total.measure]
                    top = "any" if measure.maximum is None else f"{measure.maximum:g}"
                    span = f"{measure.minimum:g} to {top} per {measure.per}, {total.aggregate}"
                    span += f" over {minutes:g} min" if minutes and total.aggregate == "sum" else ""
                    found.append((f"{version} {total.name}", span))
    return found


def _joined(parts) -> str:
    return "; ".join(dict.fromkeys(parts)) or NONE
