"""A first `wave.yaml` for a folder: what each file may be, guessed once, for a person to correct.

Guessing happens here only; a run reads what `wave.yaml` declares and guesses nothing.
"""

from ruptureflow.intake.scaffold.survey import files_to_survey, survey_folder
from ruptureflow.intake.scaffold.writing import wave_text

__all__ = ["files_to_survey", "survey_folder", "wave_text"]
