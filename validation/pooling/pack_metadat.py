"""Pack what metadat.R wrote into metadat.json: `python pack_metadat.py FOLDER`.

One row of numbers a cell (data set, moderators, estimator), 12 significant digits, in the order of FIELDS; p is the
number of coefficients; pl only without moderators. `null` stands for what metafor leaves out.
"""

import json
import sys
from pathlib import Path

FIELDS = "beta[p] se_z[p] se_kh[p] p_z p_kh tau2 tau2_se i2 q_p ll qm_z qm_kh qm_kh_p pi_kh[2] qp[2] pl[2]"


def listed(value):
    """A number or list as a list."""
    return value if isinstance(value, list) else [value]


def number(value):
    """12 significant digits; None for a missing one."""
    if not isinstance(value, int | float):
        return None
    short = float(f"{value:.12g}")
    return int(short) if short == int(short) and abs(short) < 1e15 else short


def row(cell):
    """The numbers of one cell in the order of FIELDS."""
    se, p = cell["se"], cell["p"]
    out = [*listed(cell["beta"]), *listed(se[0]), *listed(se[2]), listed(p[0])[-1], listed(p[2])[-1]]
    out += [cell[name] for name in ("tau2", "tau2_se", "i2", "q_p", "ll")]
    qm, qm_p = listed(cell.get("qm", [None] * 4)), listed(cell.get("qm_p", [None] * 4))
    out += [qm[0], qm[2], qm_p[2]]
    out += cell["pi"][2] if "pi" in cell else [None, None]
    out += [*cell.get("qp", [None, None]), *(cell.get("pl", [None, None]) if cell["mods"] == "none" else [])]
    return [number(one) for one in out]


def main(folder):
    """Write metadat.json beside this file."""
    data, cells = {}, {}
    for path in sorted(Path(folder).glob("grid_*.json")):
        name = path.stem.removeprefix("grid_")
        found = json.loads(path.read_text(encoding="utf-8"))
        columns = {key: found["data"][key] for key in ("yi", "vi", "number", "factor")}
        data[name] = {
            key: value if key == "factor" else [float(f"{x:.15g}") for x in value] for key, value in columns.items()
        }
        for cell in found["grid"]:
            where = cells.setdefault(name, {}).setdefault(cell["mods"], {})
            where[cell["method"]] = None if cell.get("failed") else row(cell)
    text = json.dumps({"fields": FIELDS, "data": data, "cells": cells}, separators=(",", ":"))
    (Path(__file__).parent / "metadat.json").write_text(
        text.replace('"},"', '"},\n"').replace("]},", "]},\n") + "\n", encoding="utf-8"
    )


if __name__ == "__main__":
    main(sys.argv[1])
