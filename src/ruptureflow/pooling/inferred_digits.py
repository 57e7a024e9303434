"""What each inferred or illegible digit of the 2011 table could be, and what that does to the pools."""

import numpy as np

from ruptureflow.pooling.printed_figures import figures
from ruptureflow.pooling.printed_rows import rounds_to
from ruptureflow.pooling.printed_studies import FREE_ERRORS, middles, total_n, training_studies
from ruptureflow.pooling.reproductions import pooled_quantities


def illegible_cell_scan(table2, checks, level=0.95):
    """What the one illegible standard error would have to be.

    Parameters
    ----------
    table2, checks : DataFrames of text
        safran2011_table2.csv and safran2011_pooled_check.csv.

    Returns
    -------
    DataFrame
        std_error (of the between-groups row whose z can't be read), legible (whether the row's legible digits allow
        it), and the z of each printed pool that it enters, by the pool's analysis, with whether the print is met
        (others at their middle readings).
    """
    import pandas as pd

    studies, place = _with_illegible(table2)
    estimate, variance = middles(studies)
    estimate = np.repeat(estimate, FREE_ERRORS.size, axis=0)
    variance = np.repeat(variance, FREE_ERRORS.size, axis=0)
    variance[:, place] = FREE_ERRORS**2
    wanted = _entered(checks, studies[place])
    found = figures(estimate, variance, studies, wanted, level)
    allowed = np.sqrt(studies[place].variance)
    columns = {"std_error": FREE_ERRORS, "legible": (allowed.min() <= FREE_ERRORS) & (allowed.max() >= FREE_ERRORS)}
    for check in wanted:
        columns[check["analysis"]] = found[check["figure"]]
        columns[f"{check['analysis']}_met"] = rounds_to(found[check["figure"]], check["published"])
    return pd.DataFrame(columns)


def illegible_rows(table2, checks, pool_id, level=0.95):
    """Rows of `tables.pooling.ILLEGIBLE_CELL`: which standard errors of that cell give each printed z.

    Returns
    -------
    list of dict
        The first row is about the row's own legible digits, the second about the figure of all studies; `beside_low`
        and `beside_high` are what a figure then is.
    """
    studies, place = _with_illegible(table2)
    scan = illegible_cell_scan(table2, checks, level)
    checks = _entered(checks, studies[place])
    whole = checks[0]["analysis"]
    rows = [_span("the row's own legible digits", "", scan.loc[scan["legible"], "std_error"])]
    for check in checks:
        name = check["analysis"]
        met = scan[f"{name}_met"]
        quantity = ": ".join([*([_whose(check)] if _whose(check) else []), check["quantity"]])
        row = _span(quantity, check["published"], scan.loc[met, "std_error"])
        there = scan.loc[scan[f"{whole}_met"], name]
        row |= {"beside_low": there.min(), "beside_high": there.max()}
        rows.append(row | {"legible": bool((met & scan["legible"]).any())})
    return [{"pool": pool_id, "study": studies[place].name, **row} for row in rows]


def _span(quantity, published, errors):
    ends = {"std_error_low": errors.min(), "std_error_high": errors.max()}
    return {"quantity": quantity, "published": published, **ends, "legible": True}


def _whose(check):
    members = "" if check["members"] == "all" else check["members"].replace("_", " ")
    return members or (f"without {check['excluded'].replace('; ', ' and ')}" if check["excluded"] else "")


def _with_illegible(table2):
    studies = training_studies(table2, "between")
    return studies, next(i for i, study in enumerate(studies) if study.illegible)


def _entered(checks, study):
    """The printed z of every pool that a study enters, that of all studies first."""
    found = [
        check
        for check in checks.to_dict("records")
        if check["analysis"].startswith("between")
        and check["quantity"] == "z"
        and check["members"] in ("all", study.group)
        and study.name not in check["excluded"]
    ]
    return sorted(found, key=lambda check: (check["members"] != "all", bool(check["excluded"])))


def digit_rows(table2, digits, pools, level=0.95):
    """Rows of `tables.pooling.INFERRED_DIGITS`: what every inferred cell could hold and what that does to its pool.

    Parameters
    ----------
    pools : mapping
        prepost and between to the id of the pool that their cells enter.
    """
    found = uncertain_digits(table2, digits, level)
    rows = []
    for digit in digits.to_dict("records"):
        kind = digit["cell"].split("_")[0]
        kind = {"n": "between" if digit["cell"] == "n_control" else "prepost"}.get(kind, kind)
        mine = found[(found["row"] == digit["row"]) & (found["cell"] == digit["cell"])]
        possible = mine[mine["possible"].astype(bool)]
        row = {"pool": pools[kind], **{name: digit[name] for name in ("row", "study", "cell", "used", "why")}}
        row |= {"candidates": digit["candidates"], "possible": " ".join(possible["candidate"]) or None}
        for name in ("r", "z", "q", "total_n"):
            row |= {f"{name}_low": possible[name].min(), f"{name}_high": possible[name].max()}
        rows.append(row)
    return rows


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
