"""What a tube or a well holds, by its label: total, nsb, b0, blank, standard, qc, or a sample."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ruptureflow.intake.cells import looked_up

if TYPE_CHECKING:
    import pandas as pd

CONTENTS = ("total", "nsb", "b0", "blank", "standard", "qc")


def content_columns(labels: pd.Series, contents: Mapping[str, str], doses: Mapping[str, float]) -> pd.DataFrame:
    """Columns content, level, dose, sample of tubes by their labels; every label not declared is a sample's id."""
    import pandas as pd

    content = looked_up(labels, contents).fillna("unknown")
    is_sample = content == "unknown"
    levelled = content.isin(["standard", "qc"])
    return pd.DataFrame(
        {
            "content": content,
            "level": labels.where(levelled, None),
            "dose": looked_up(labels, doses, "Float64").astype("float64"),
            "sample": labels.where(is_sample, None),
        }
    )
