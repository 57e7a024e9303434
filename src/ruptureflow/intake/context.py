"""What the readers of a wave share: its settings, the instruments, the locale of a file, what was found so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ruptureflow.config.instruments import CodingSystem, Questionnaire
from ruptureflow.config.locale import Locale
from ruptureflow.config.raw_files import RawFile
from ruptureflow.config.wave import Wave
from ruptureflow.intake.findings import Findings


@dataclass(frozen=True)
class Context:
    """A wave being read.

    Parameters
    ----------
    wave : its `wave.yaml`.
    instruments : instruments by id.
    findings : collects problems and the ledger.
    """

    wave: Wave
    instruments: Mapping[str, Questionnaire | CodingSystem]
    findings: Findings = field(default_factory=Findings)

    def locale(self, declared: RawFile) -> Locale:
        """The locale of a file: its own, or the wave's."""
        return declared.locale or self.wave.locale

    def has_manifest(self, analyte: str) -> bool:
        """Whether some file of the wave lists the samples of an analyte."""
        return any(file.kind == "samples" and file.analyte == analyte for file in self.wave.files)
