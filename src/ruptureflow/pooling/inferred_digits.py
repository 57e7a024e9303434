"""What each inferred or illegible digit of the 2011 table could be, and what that does to the pools."""

import numpy as np

from ruptureflow.pooling.printed_figures import figures
from ruptureflow.pooling.printed_rows import rounds_to
from ruptureflow.pooling.printed_studies import FREE_ERRORS, middles, total_n, training_studies
from ruptureflow.pooling.reproductions import pooled_quantities


def illegible_cell_scan(table2, level=0.95):
    """What the one illegible standard error would have to be.

    Returns
    -------
    DataFrame
        std_error (of the between-groups row whose z can't be read), the z of the pools it enters
        (between, between_without_outlier, between_axis_1), each with whether the print is met
        (others at their middle readings), and whether the row's legible digits allow that error.
    """
    import pandas as pd

    studies = training_studies(table2, "between")
    place = next(i for i, study in enumerate(studies) if study.illegible)
    estimate, variance = middles(studies)
    errors = FREE_ERRORS
    estimate = np.repeat(estimate, errors.size, axis=0)
    variance = np.repeat(variance, errors.size, axis=0)
    variance[:, place] = errors**2
    checks = [
        {
            "figure": name,
            "analysis": name.rsplit(".", 1)[0],
            "quantity": "z",
            "published": z,
            "members": m,
            "excluded": x,
        }
        for name, z, m, x in (
            ("between.z", "2.66", "all", ""),
            ("between_without_outlier.z", "2.24", "all", "Castonguay et al. (2004)"),
            ("between_axis_1.z", "3.18", "axis_1", ""),
        )
    ]
    found = figures(estimate, variance, studies, checks, level)
    allowed = np.sqrt(studies[place].variance)
    columns = {"std_error": errors, "legible": (errors >= allowed.min()) & (errors <= allowed.max())}
    for check in checks:
        columns[check["analysis"]] = found[check["figure"]]
        columns[f"{check['analysis']}_met"] = rounds_to(found[check["figure"]], check["published"])
    return pd.DataFrame(columns)


def uncertain_digits(table2, digits, level=0.95):
    """Each inferred digit replaced by every value its glyph allows, and what that does to the pool.

    Parameters
    ----------
    table2, digits : DataFrames of text
        safran2011_table2.csv and safran2011_uncertain_digits.csv.

    Returns
    -------
    DataFrame
        row, study, cell, candidate, used (bool), possible (whether the row's other figures allow it),
        pool ("prepost", "between" or "" for counts), r, z, q of that pool with this candidate, total_n.
    """
    import pandas as pd

    records = []
    base = {kind: training_studies(table2, kind) for kind in ("prepost", "between")}
    for digit in digits.to_dict("records"):
        at = table2.index[table2["row"] == digit["row"]][0]
        cell = digit["cell"]
        for candidate in digit["candidates"].split():
            if candidate == "?":
                continue
            record = {name: digit[name] for name in ("row", "study", "cell")} | {"candidate": candidate}
            record["used"] = candidate == digit["used"]
            changed = table2.copy()
            changed.loc[at, cell] = candidate
            if cell.startswith("n_"):
                counts = {"pool": "", "possible": True, "total_n": total_n(changed), "r": np.nan, "z": np.nan}
                records.append(record | counts | {"q": np.nan})
                continue
            kind = cell.split("_")[0]
            studies = _swap(base[kind], changed, kind, digit["study"])
            study = next(one for one in studies if one.name == digit["study"])
            record |= {"pool": kind, "possible": study.consistent, "total_n": np.nan}
            if study.consistent:
                found = pooled_quantities(*middles(studies), level)
                record |= {name: float(found[name][0]) for name in ("r", "z", "q")}
            else:
                record |= {"r": np.nan, "z": np.nan, "q": np.nan}
            records.append(record)
    order = ["row", "study", "cell", "candidate", "used", "possible", "pool", "r", "z", "q", "total_n"]
    return pd.DataFrame(records)[order]


def _swap(studies, changed, kind, name):
    """`studies` with one study read anew from a changed table."""
    fresh = training_studies(changed[changed["study"] == name], kind)[0]
    return [fresh if study.name == name else study for study in studies]
