"""The 2011 meta-analyses reproduced: every pooled number they print beside ours.

Each printed row stands for all values that round to it and agree with its own interval and z
(`printed_rows`); each pooled figure is then a range, and a verdict says whether the print lies in it,
alone and together with all other figures that share its rows.
"""

import numpy as np

from ruptureflow.pooling.joint_readings import joint_verdicts
from ruptureflow.pooling.printed_figures import figures
from ruptureflow.pooling.printed_rows import half_unit, rounds_to
from ruptureflow.pooling.printed_studies import (
    FREE_ERRORS,
    middles,
    rupture_repair_studies,
    thin,
    total_n,
    training_studies,
)
from ruptureflow.pooling.reproductions import pooled_quantities

CONVENTION = "Fisher's z, SE from the printed z, DerSimonian–Laird, z test"
_OPTIONS = 250  # readings kept per row in searches; spread evenly over all
_SWEEPS = 4


def reproduce_figures(table1, table2, checks, level=0.95):
    """Every printed pooled figure of the paper beside ours.

    Parameters
    ----------
    table1, table2, checks : DataFrames of text
        safran2011_table1.csv, safran2011_table2.csv and safran2011_pooled_check.csv.

    Returns
    -------
    DataFrame
        figure, analysis, quantity, published, recomputed (middle readings), low, high (over all readings),
        convention, verdict, joint (whether one reading of all rows gives this figure together with every
        other figure that shares them).
    """
    import pandas as pd

    rows = []
    families = {
        "rupture_repair": rupture_repair_studies(table1),
        "prepost": training_studies(table2, "prepost"),
        "between": training_studies(table2, "between"),
    }
    for family, studies in families.items():
        mine = [r for r in checks.to_dict("records") if _family(r["analysis"]) == family]
        ours = [r for r in mine if not _is_counterexample(r["analysis"]) and r["quantity"] != "n"]
        ranges = _ranges(studies, ours, level)
        joint = joint_verdicts(studies, ours, level)
        middle = figures(*middles(studies), studies, ours, level)
        for r in mine:
            if r["quantity"] == "n":
                rows.append(_count_row(r, table2))
            elif _is_counterexample(r["analysis"]):
                rows.append(_counterexample_row(r, table1, table2, level))
            else:
                value = float(middle[r["figure"]][0])
                low, high = ranges[r["figure"]]
                rows.append(_figure_row(r, value, low, high, CONVENTION, joint[r["figure"]]))
    return pd.DataFrame(rows).set_index("figure").loc[list(checks["figure"])].reset_index()


def as_reproductions(found):
    """`reproduce_figures`' result as the hand-over table `tables.pooling.REPRODUCTIONS`.

    The joint verdict is joined to the verdict; a pool's id is the analysis.
    """
    import pandas as pd

    from ruptureflow.tables.pooling import REPRODUCTIONS

    joint = [
        f"{verdict}; {joint}" if joint else verdict
        for verdict, joint in zip(found["verdict"], found["joint"], strict=True)
    ]
    same = found[["quantity", "published", "recomputed", "convention"]]
    rest = {
        "pool": found["analysis"],
        "recomputed_low": found["low"],
        "recomputed_high": found["high"],
        "verdict": joint,
    }
    return REPRODUCTIONS.conform(pd.concat([same, pd.DataFrame(rest)], axis=1))


def figure_rows(found, checks, pools):
    """`reproduce_figures`' result as rows of `tables.pooling.REPRODUCTIONS` beside the pools of a plan.

    Parameters
    ----------
    found : DataFrame
        Of `reproduce_figures`.
    checks : DataFrame of text
        safran2011_pooled_check.csv.
    pools : mapping
        rupture_repair, prepost and between to the pool's id; an analysis that is not in it is left out.

    Returns
    -------
    list of dict
        `quantity` says of which studies the figure is: "r", "axis 1: r", "without …: r".
    """
    members = checks.set_index("figure")
    rows = []
    for row in found.to_dict("records"):
        if _family(row["analysis"]) not in pools:
            continue
        check = members.loc[row["figure"]]
        whose = [
            *([check["members"].replace(" | ", " against ").replace("_", " ")] if check["members"] != "all" else []),
            *([f"without {check['excluded'].replace('; ', ' and ')}"] if check["excluded"] else []),
        ]
        rows.append(
            {
                "pool": pools[_family(row["analysis"])],
                "quantity": ": ".join([*(["; ".join(whose)] if whose else []), row["quantity"]]),
                "published": row["published"],
                "recomputed": row["recomputed"],
                "recomputed_low": row["low"],
                "recomputed_high": row["high"],
                "convention": row["convention"],
                "verdict": f"{row['verdict']}; {_in_words(row['joint'], members)}" if row["joint"] else row["verdict"],
            }
        )
    return rows


def _in_words(joint, members):
    """A joint verdict with the figure that it leaves out by what it is and prints, not by its identifier."""
    for figure, check in members.iterrows():
        joint = joint.replace(f"without {figure}", f"without the printed {check['quantity']} of {check['published']}")
    return joint


def _options(study):
    if study.illegible:
        r = np.tanh(study.estimate)
        grid, error = np.meshgrid(np.arctanh(np.linspace(r.min(), r.max(), 5)), FREE_ERRORS)
        return grid.ravel(), error.ravel() ** 2
    return thin(study.estimate, study.variance, _OPTIONS)


def _sweep(options, chosen, place):
    e, v = options[place]
    estimate = np.tile([o[0][c] for o, c in zip(options, chosen, strict=True)], (e.size, 1))
    variance = np.tile([o[1][c] for o, c in zip(options, chosen, strict=True)], (e.size, 1))
    estimate[:, place], variance[:, place] = e, v
    return estimate, variance


def _ranges(studies, checks, level):
    options = [_options(study) for study in studies]
    out = {}
    for check in checks:
        ends = []
        for sign in (-1, 1):
            chosen = [len(e) // 2 for e, _ in options]
            best = -np.inf
            for _ in range(_SWEEPS):
                for place in range(len(studies)):
                    values = sign * figures(*_sweep(options, chosen, place), studies, [check], level)[check["figure"]]
                    chosen[place] = int(values.argmax())
                if values.max() <= best + 1e-12:
                    break
                best = float(values.max())
            ends.append(sign * max(best, float(values.max())))
        out[check["figure"]] = (min(ends), max(ends))
    return out


def _family(analysis):
    return next(name for name in ("rupture_repair", "prepost", "between") if analysis.startswith(name))


def _is_counterexample(analysis):
    return analysis.endswith(("_n_minus_3", "_arms_dependent"))


def _counterexample_row(check, table1, table2, level):
    analysis = check["analysis"]
    if analysis.endswith("_arms_dependent"):
        studies = training_studies(table2, "prepost", arms="dependent")
        estimate, variance = middles(studies)
        convention = "arms averaged with their mean variance"
    elif analysis.startswith("rupture_repair"):
        r = table1["r"].astype(float).to_numpy()
        estimate, variance = np.arctanh(r)[None, :], (1 / (table1["n"].astype(float).to_numpy() - 3))[None, :]
        convention = "variance 1/(n − 3)"
    else:
        arms = table2[table2["prepost_r"] != ""]
        z = np.arctanh(arms["prepost_r"].astype(float).to_numpy())
        v = 1 / (arms["n_treatment"].astype(float).to_numpy() - 3)
        names = list(dict.fromkeys(arms["study"]))
        masks = [(arms["study"] == name).to_numpy() for name in names]
        estimate = np.array([[z[mask].mean() for mask in masks]])
        variance = np.array([[v[mask].sum() / mask.sum() ** 2 for mask in masks]])
        convention = "variance 1/(n − 3) on treated n"
    value = float(pooled_quantities(estimate, variance, level)[check["quantity"]][0])
    return _figure_row(check, value, value, value, f"{convention}, DerSimonian–Laird, z test", "")


def _count_row(check, table2):
    excluded = [name.strip() for name in check["excluded"].split(";") if name.strip()]
    value = total_n(table2, excluded, between=check["analysis"].startswith("between"))
    return _figure_row(check, value, value, value, "treated and control patients", "")


def _figure_row(check, value, low, high, convention, joint):
    published = check["published"]
    if rounds_to(np.array(value), published):
        verdict = "reproduced"
    elif low <= float(published) + half_unit(published) and high >= float(published) - half_unit(published):
        verdict = "reproduced within the rows' rounding"
    else:
        verdict = "not reproduced"
    return {
        "figure": check["figure"],
        "analysis": check["analysis"],
        "quantity": check["quantity"],
        "published": published,
        "recomputed": value,
        "low": low,
        "high": high,
        "convention": convention,
        "verdict": verdict,
        "joint": joint,
    }
