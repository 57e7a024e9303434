"""What the HTML page knows of each number: its cell, the job that made it, the raw files behind it."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Mapping
from typing import Any


def span(id: str, formatted: str) -> str:
    """A number as a span that carries its id.

    pandoc reads it as it reads `[−0.25]{.value data-id="…"}`, in half the time (4,000 numbers: 2.4 against 4.6 s).
    """
    return f'<span class="value" data-id="{id}">{formatted}</span>'


def lineage_of(values: Iterable[Mapping[str, Any]], used: Iterable[str]) -> dict[str, Any]:
    """What the page embeds: every cell by its number's id; sources and raw files once each, named by their place.

    Returns
    -------
    dict
        "cells": id → [source, row, column, full value, unit]; "sources": [file, rule, script, code_hash, raw files];
        "raw": [path, SHA-256]. Rows of one file can rest on different raw files: each such part is a source.
    """
    wanted = set(used)
    cells: dict[str, list[Any]] = {}
    sources: dict[tuple[Any, ...], int] = {}
    raw: dict[tuple[str, str], int] = {}
    for value in values:
        if value["id"] in wanted:
            behind = tuple(raw.setdefault(each, len(raw)) for each in value["input_hashes"].items())
            source = (value["file"], value["rule"], value["script"], value["code_hash"], behind)
            place = sources.setdefault(source, len(sources))
            cells[value["id"]] = [place, value["row"], value["column"], value["value"], value["unit"]]
    return {"cells": cells, "sources": list(sources), "raw": list(raw)}


def page_script(lineage: Mapping[str, Any], script: str, mark: str) -> str:
    """HTML to put at the end of the page: the watermark, the numbers' origins, the script that shows them."""
    data = json.dumps(lineage, ensure_ascii=False, sort_keys=True, separators=(",", ":")).replace("<", "\\u003c")
    watermark = f'<div class="page-mark" aria-hidden="true">{html.escape(mark)}</div>\n' if mark else ""
    return f'{watermark}<script type="application/json" id="origins">{data}</script>\n<script>\n{script}</script>\n'
