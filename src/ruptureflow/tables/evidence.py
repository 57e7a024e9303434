"""The schemas of the published evidence: printed figures, inferred digits, claims.

A number keeps the decimals it was printed with: intake hands the files over byte for byte once they keep these
schemas, and whoever needs the printed decimals reads the cells as text.
"""

from ruptureflow.tables.schema import Column, Table, measured


def _text(name: str, description: str) -> Column:
    return Column(name, "text", description, nullable=True)


def _key(name: str, description: str) -> Column:
    return Column(name, "text", description)


ABSTRACTS_POOLED = Table(
    "abstracts_pooled",
    "evidence",
    "one pooled effect of an abstract",
    (
        _key("id", "identifier"),
        _text("source", "paper"),
        _text("analysis", "analysis"),
        measured("k", "effects"),
        measured("n", "sample size"),
        _text("n_unit", "what n counts"),
        measured("r", "correlation as printed"),
        measured("d", "standardised difference as printed"),
        measured("ci_low", "lower end of the 95 % interval as printed"),
        measured("ci_high", "upper end of the 95 % interval as printed"),
        measured("p", "p as printed"),
        _text("note", "what else to know"),
    ),
    key=("id",),
)
SAFRAN2011_POOLED_CHECK = Table(
    "safran2011_pooled_check",
    "evidence",
    "one pooled figure of the paper",
    (
        _key("figure", "identifier, analysis.quantity"),
        _text("analysis", "analysis"),
        _text("table", "evidence file whose rows enter"),
        _text("members", "diagnosis groups that enter, or all"),
        _text("excluded", "studies left out"),
        _text("quantity", "what the number is"),
        measured("published", "number as printed"),
        _text("reproduced_by_hand", "what was found by hand before the library existed"),
        _text("convention", "variance rule and estimator that give it"),
        _text("verdict", "finding in words"),
    ),
    key=("figure",),
)
SAFRAN2011_TABLE1 = Table(
    "safran2011_table1",
    "evidence",
    "one study of rupture repair and outcome",
    (
        _key("study", "study as printed"),
        measured("year", "year of publication"),
        _text("treatment", "treatment as printed"),
        _text("diagnosis", "diagnosis as printed"),
        measured("n", "sample size"),
        _text("outcome_measures", "outcome measures as printed"),
        measured("r", "correlation as printed"),
        measured("ci_low", "lower end of the 95 % interval as printed"),
        measured("ci_high", "upper end of the 95 % interval as printed"),
        measured("z", "z as printed"),
        measured("p", "p as printed"),
        measured("n_group1", "patients with a repaired rupture"),
        measured("n_group2", "patients without one"),
        measured("feasible_r_low", "lowest r that rounds to the print and agrees with the rest of the row"),
        measured("feasible_r_high", "highest such r"),
        measured("implied_se_low", "lowest standard error of Fisher's z that the row allows"),
        measured("implied_se_high", "highest such standard error"),
        measured("z_if_se_is_1_over_sqrt_n_minus_3", "z that the usual standard error of Fisher's z would give"),
        _text("se_that_fits", "standard error that reproduces the row, in words"),
        _text("row_consistency", "finding in words"),
        _text("confidence", "how well the print could be read"),
    ),
    key=("study",),
)
SAFRAN2011_TABLE2 = Table(
    "safran2011_table2",
    "evidence",
    "one arm of a study of training or supervision, as printed",
    (
        _key("row", "order in print"),
        _text("study", "study as printed"),
        measured("year", "year of publication"),
        _text("arm", "arm, where a study has two"),
        _text("treatment", "treatment as printed"),
        measured("n_treatment", "patients in treatment"),
        _text("diagnosis", "diagnosis as printed"),
        _text("diagnosis_group", "the paper's moderator"),
        _text("outcome_measures", "outcome measures as printed"),
        measured("prepost_r", "pre–post effect as a correlation"),
        measured("prepost_low", "lower end of its 95 % interval"),
        measured("prepost_high", "upper end of its 95 % interval"),
        measured("prepost_z", "its z"),
        _text("control", "control condition"),
        measured("n_control", "patients in the control arms"),
        _text("n_control_arms", "sizes of the control arms"),
        measured("between_r", "between-groups effect as a correlation"),
        measured("between_low", "lower end of its 95 % interval"),
        measured("between_high", "upper end of its 95 % interval"),
        measured("between_z", "its z"),
        measured("prepost_feasible_r_low", "pre–post: lowest r the print allows"),
        measured("prepost_feasible_r_high", "pre–post: highest r the print allows"),
        measured("prepost_implied_se_low", "pre–post: lowest standard error of Fisher's z the row allows"),
        measured("prepost_implied_se_high", "pre–post: highest such standard error"),
        measured("between_feasible_r_low", "between-groups: lowest r the print allows"),
        measured("between_feasible_r_high", "between-groups: highest r the print allows"),
        measured("between_implied_se_low", "between-groups: lowest standard error of Fisher's z the row allows"),
        measured("between_implied_se_high", "between-groups: highest such standard error"),
        _text("uncertain_cells", "columns of this row that hold an inferred digit"),
        _text("uncertain_digits", "the inferred digits in words"),
        _text("consistency_check", "finding in words"),
        _text("confidence", "how well the print could be read"),
    ),
    key=("row",),
)
SAFRAN2011_UNCERTAIN_DIGITS = Table(
    "safran2011_uncertain_digits",
    "evidence",
    "one inferred cell of safran2011_table2.csv",
    (
        _key("row", "order in print"),
        _text("study", "study as printed"),
        _text("arm", "arm, where a study has two"),
        _key("cell", "column of safran2011_table2.csv"),
        measured("used", "value in that file; empty if none"),
        _text("candidates", "values the glyph allows, separated by blanks"),
        _text("why", "why it is uncertain"),
    ),
    key=("row", "cell"),
)
PUBLISHED_CLAIMS = Table(
    "published_claims",
    "evidence",
    "one printed number that arithmetic can check",
    (
        _key("claim", "identifier"),
        _text("source", "paper"),
        _text("place", "where in the paper"),
        _text("quantity", "what the number is"),
        _text("kind", "what arithmetic can check of it"),
        _text("value", "printed number with its trailing zeros"),
        _text("comparison", "= or <"),
        measured("estimate", "printed estimate"),
        measured("std_error", "printed standard error"),
        measured("sd", "printed standard deviation"),
        _text("statistic", "name of the test statistic"),
        measured("statistic_value", "its printed value"),
        measured("df", "printed degrees of freedom"),
        _text("p_comparison", "= or <"),
        measured("p", "p as printed"),
        measured("ci_low", "lower end of the 95 % interval as printed"),
        measured("ci_high", "upper end of the 95 % interval as printed"),
        _text("effect", "name of the effect"),
        measured("effect_value", "its printed value"),
        measured("n", "sample size"),
        _text("recomputed", "found by hand if the print was rounded"),
        _text("verdict_rounded", "verdict if the print was rounded"),
        _text("recomputed_truncated", "found by hand if the print was truncated"),
        _text("verdict_truncated", "verdict if the print was truncated"),
        _text("note", "what else to know"),
    ),
    key=("claim",),
)
ZILCHA_MANO2018_TABLE1 = Table(
    "zilcha_mano2018_table1",
    "evidence",
    "one outcome of the 2018 oxytocin study",
    (
        _key("outcome", "outcome"),
        _text("group", "kind of measure"),
        _text("measure", "measure as printed"),
        measured("slope", "slope as printed"),
        measured("se", "standard error as printed"),
        measured("t", "t as printed"),
        measured("p", "p as printed"),
    ),
    key=("outcome",),
)
STUDIES = Table(
    "studies",
    "evidence",
    "one study of any further published table",
    (_key("study", "study as printed"),),
    key=("study",),
    open_columns="what the pool's effect needs, such as r, z, n, ci_low, ci_high, year",
    file_name="any other file of the evidence folder",
)
TABLES = (
    ABSTRACTS_POOLED,
    SAFRAN2011_POOLED_CHECK,
    SAFRAN2011_TABLE1,
    SAFRAN2011_TABLE2,
    SAFRAN2011_UNCERTAIN_DIGITS,
    PUBLISHED_CLAIMS,
    ZILCHA_MANO2018_TABLE1,
    STUDIES,
)
