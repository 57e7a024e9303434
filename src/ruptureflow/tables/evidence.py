"""The schemas of the published evidence: printed figures, inferred digits, claims.

A number keeps the decimals it was printed with: intake hands the files over byte for byte once they keep these
schemas, and whoever needs the printed decimals reads the cells as text.
"""

from ruptureflow.tables.schema import Column, Table


def _text(name: str, description: str) -> Column:
    return Column(name, "text", description, nullable=True)


def _number(name: str, description: str) -> Column:
    return Column(name, "number", description, nullable=True)


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
        _number("k", "effects"),
        _number("n", "sample size"),
        _text("n_unit", "what n counts"),
        _number("r", "correlation as printed"),
        _number("d", "standardised difference as printed"),
        _number("ci_low", "lower end of the 95 % interval as printed"),
        _number("ci_high", "upper end of the 95 % interval as printed"),
        _number("p", "p as printed"),
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
        _number("published", "number as printed"),
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
        _number("year", "year of publication"),
        _text("treatment", "treatment as printed"),
        _text("diagnosis", "diagnosis as printed"),
        _number("n", "sample size"),
        _text("outcome_measures", "outcome measures as printed"),
        _number("r", "correlation as printed"),
        _number("ci_low", "lower end of the 95 % interval as printed"),
        _number("ci_high", "upper end of the 95 % interval as printed"),
        _number("z", "z as printed"),
        _number("p", "p as printed"),
        _number("n_group1", "patients with a repaired rupture"),
        _number("n_group2", "patients without one"),
        _number("feasible_r_low", "lowest r that rounds to the print and agrees with the rest of the row"),
        _number("feasible_r_high", "highest such r"),
        _number("implied_se_low", "lowest standard error of Fisher's z that the row allows"),
        _number("implied_se_high", "highest such standard error"),
        _number("z_if_se_is_1_over_sqrt_n_minus_3", "z that the usual standard error of Fisher's z would give"),
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
        _number("year", "year of publication"),
        _text("arm", "arm, where a study has two"),
        _text("treatment", "treatment as printed"),
        _number("n_treatment", "patients in treatment"),
        _text("diagnosis", "diagnosis as printed"),
        _text("diagnosis_group", "the paper's moderator"),
        _text("outcome_measures", "outcome measures as printed"),
        _number("prepost_r", "pre–post effect as a correlation"),
        _number("prepost_low", "lower end of its 95 % interval"),
        _number("prepost_high", "upper end of its 95 % interval"),
        _number("prepost_z", "its z"),
        _text("control", "control condition"),
        _number("n_control", "patients in the control arms"),
        _text("n_control_arms", "sizes of the control arms"),
        _number("between_r", "between-groups effect as a correlation"),
        _number("between_low", "lower end of its 95 % interval"),
        _number("between_high", "upper end of its 95 % interval"),
        _number("between_z", "its z"),
        _number("prepost_feasible_r_low", "pre–post: lowest r the print allows"),
        _number("prepost_feasible_r_high", "pre–post: highest r the print allows"),
        _number("prepost_implied_se_low", "pre–post: lowest standard error of Fisher's z the row allows"),
        _number("prepost_implied_se_high", "pre–post: highest such standard error"),
        _number("between_feasible_r_low", "between-groups: lowest r the print allows"),
        _number("between_feasible_r_high", "between-groups: highest r the print allows"),
        _number("between_implied_se_low", "between-groups: lowest standard error of Fisher's z the row allows"),
        _number("between_implied_se_high", "between-groups: highest such standard error"),
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
        _number("used", "value in that file; empty if none"),
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
        _number("estimate", "printed estimate"),
        _number("std_error", "printed standard error"),
        _number("sd", "printed standard deviation"),
        _text("statistic", "name of the test statistic"),
        _number("statistic_value", "its printed value"),
        _number("df", "printed degrees of freedom"),
        _text("p_comparison", "= or <"),
        _number("p", "p as printed"),
        _number("ci_low", "lower end of the 95 % interval as printed"),
        _number("ci_high", "upper end of the 95 % interval as printed"),
        _text("effect", "name of the effect"),
        _number("effect_value", "its printed value"),
        _number("n", "sample size"),
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
        _number("slope", "slope as printed"),
        _number("se", "standard error as printed"),
        _number("t", "t as printed"),
        _number("p", "p as printed"),
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
