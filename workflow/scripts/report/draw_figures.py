"""The figures of one wave: what it has results for."""

from pathlib import Path

from ruptureflow.assay import plots
from ruptureflow.config import WaveSettings
from ruptureflow.lineage import job
from ruptureflow.report import figures
from ruptureflow.report.labels import Labels
from ruptureflow.tables import assay, models, read_table, ruptures

with job(snakemake):
    read = snakemake.input
    origin = WaveSettings.model_validate_json(snakemake.params.wave).row.origin
    labels = Labels.from_text(snakemake.params.labels)
    folder = Path(snakemake.output.figures)
    folder.mkdir(parents=True, exist_ok=True)
    curves = read_table(read.curves, assay.CURVES)
    if len(curves):
        standards = read_table(read.standards, assay.STANDARDS)
        concentrations = read_table(read.concentrations, assay.CONCENTRATIONS)
        with figures.drawing():
            drawn = figures.at_text_width(plots.standard_curves(curves, standards, concentrations, origin))
            figures.save(drawn, folder / "curves.png")
    changes = read_table(read.changes, assay.CHANGES)
    for analyte, role in figures.pairs_of(changes):
        figures.save(figures.change_by_session(changes, analyte, role, origin), folder / f"change-{analyte}-{role}.png")
    rated = read_table(read.ruptures, ruptures.RUPTURES)
    for variable, perspective in figures.rated_over_time(rated):
        drawn = figures.trajectories(rated, variable, perspective, labels.variable, origin)
        figures.save(drawn, folder / f"trajectories-{perspective}-{variable}.png")
    sessions, plan = read_table(read.sessions, models.SESSIONS), read_table(read.plan, models.PLAN)
    estimates = read_table(read.estimates, models.ESTIMATES)
    for (analysis, model), (predictor, slopes) in figures.within_slopes_of(plan, estimates).items():
        drawn = figures.within_slopes(sessions, predictor, slopes, labels.variable, origin)
        figures.save(drawn, folder / f"slopes-{analysis}-{model}.png")
