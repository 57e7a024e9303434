"""Samples of the example wave as assay hands them over, and a model of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from example_wave import filled, hand_over

from ruptureflow.tables import assay

GROUPS = {"patient": "1", "patient_session": "1", "run": "1"}
MODEL: dict[str, Any] = {
    "outcomes": ["log_concentration"],
    "formula": "{outcome} ~ time + occasion",
    "rows": "samples",
    "groups": GROUPS,
    "optional_groups": ["run"],
    "primary_term": "occasion[T.post]",
}


def concentrations(seed: int = 11, **columns: Any) -> pd.DataFrame:
    """Two samples a session; a session's two samples lie on different runs, runs differ by .3 on the log scale."""
    changes = hand_over()["changes"]
    rng = np.random.default_rng(seed)
    rows = pd.concat([changes.assign(occasion=word) for word in ("pre", "post")], ignore_index=True)
    n = len(rows)
    run = np.array([f"R{1 + (i + (w == 'post')) % 6}" for i, w in enumerate(rows["occasion"])], dtype=object)
    plate = dict(zip(sorted(set(run)), rng.normal(0, 0.3, 6), strict=True))
    person = dict(zip(sorted(set(rows["patient"])), rng.normal(0, 0.3, 22), strict=True))
    who = rows["patient"] + rows["session"].astype(str)
    visit = dict(zip(sorted(set(who)), rng.normal(0, 0.15, 88), strict=True))
    log = 2 + 0.1 * rows["occasion"].eq("post").to_numpy() + rng.normal(0, 0.1, n)
    log += [person[p] + visit[w] + plate[r] for p, w, r in zip(rows["patient"], who, run, strict=True)]
    given = {
        "sample": [f"S{i}" for i in range(n)], "patient": rows["patient"], "role": "patient",
        "session": rows["session"], "occasion": rows["occasion"], "analyte": "oxytocin", "matrix": "saliva",
        "run": run, "concentration": np.exp(log), "value": np.exp(log), "unit": "pg/mL", "std_error": 0.2,
        "log_std_error": 0.02, "used": True,
    }  # fmt: skip
    return filled(assay.CONCENTRATIONS, **given | columns)
