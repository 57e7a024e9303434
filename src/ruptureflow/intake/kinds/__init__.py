"""One module a kind of file: a named sheet to rows of the hand-over tables."""

from ruptureflow.intake.kinds.codes import read_codes
from ruptureflow.intake.kinds.concentrations import read_concentrations
from ruptureflow.intake.kinds.participants import read_participants
from ruptureflow.intake.kinds.plates import read_plate
from ruptureflow.intake.kinds.recoveries import read_recoveries
from ruptureflow.intake.kinds.responses import read_responses
from ruptureflow.intake.kinds.samples import read_samples
from ruptureflow.intake.kinds.scores import read_scores
from ruptureflow.intake.kinds.tubes import read_tubes

READERS = {
    "participants": read_participants,
    "samples": read_samples,
    "tubes": read_tubes,
    "concentrations": read_concentrations,
    "recoveries": read_recoveries,
    "codes": read_codes,
    "responses": read_responses,
    "scores": read_scores,
}
"""By kind: reader(raw, declared, context) → frames by table. A plate is a grid, not rows: `read_plate`."""

__all__ = ["READERS", "read_plate"]
