"""Pooled figures of printed studies: all quantities that a paper prints of its pools, for many readings at once."""

import numpy as np

from ruptureflow.pooling.reproductions import pooled_quantities


def figures(estimate, variance, studies, checks, level):
    """Every checked figure for each row of (estimate, variance), one column per study.

    Parameters
    ----------
    checks : list of mappings
        figure, members ("all", a group, or two groups joined by "|"), excluded (names joined by ";"),
        quantity (r, z, ci_low, ci_high, q or q_between).

    Returns
    -------
    dict of figure to array
    """
    pools, found = {}, {}
    for check in checks:
        masks = _members(studies, check)
        keys = [tuple(mask) for mask in masks]
        for key, mask in zip(keys, masks, strict=True):
            if key not in pools:
                pools[key] = pooled_quantities(estimate[:, mask], variance[:, mask], level)
        if check["quantity"] == "q_between":
            means = np.array([np.arctanh(pools[key]["r"]) for key in keys])
            weights = np.array([(pools[key]["z"] / np.arctanh(pools[key]["r"])) ** 2 for key in keys])
            centre = (weights * means).sum(axis=0) / weights.sum(axis=0)
            found[check["figure"]] = (weights * (means - centre) ** 2).sum(axis=0)
        else:
            found[check["figure"]] = pools[keys[0]][check["quantity"]]
    return found


def _members(studies, check):
    out = {name.strip() for name in check["excluded"].split(";")}
    groups = [name.strip() for name in check["members"].split("|")]
    return [
        np.array([study.name not in out and (group == "all" or study.group == group) for study in studies])
        for group in groups
    ]
