"""Typed settings: the analysis plan, the table of waves, a wave's own file, the instruments.

Unknown keys are errors with the nearest known name; every problem of a file is reported at once.
"""

from ruptureflow.config.instruments import CodingSystem, Questionnaire, read_instrument, read_instruments
from ruptureflow.config.plan import Plan, read_plan
from ruptureflow.config.project import Project, WaveSettings, load_project, write_run_config
from ruptureflow.config.strict import ConfigError, as_text, parse, read_yaml
from ruptureflow.config.wave import Wave, read_wave
from ruptureflow.config.waves import WaveRow, read_waves, shown_waves

__all__ = [
    "CodingSystem",
    "ConfigError",
    "Plan",
    "Project",
    "Questionnaire",
    "Wave",
    "WaveRow",
    "WaveSettings",
    "as_text",
    "load_project",
    "parse",
    "read_instrument",
    "read_instruments",
    "read_plan",
    "read_wave",
    "read_waves",
    "read_yaml",
    "shown_waves",
    "write_run_config",
]
