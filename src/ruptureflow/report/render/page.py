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
    """Cells by id and makers by file, each once: what the page embeds.

    Returns
    -------
    dict
        "cells": id → [file, row, column, full value, unit]; "files": file → rule, script, code_hash, input_hashes.
    """
    wanted = set(used)
    cells: dict[str, list[Any]] = {}
    files: dict[str, dict[str, Any]] = {}
    for value in values:
        if value["id"] in wanted:
            cells[value["id"]] = [value["file"], value["row"], value["column"], value["value"], value["unit"]]
            files[value["file"]] = {key: value[key] for key in ("rule", "script", "code_hash", "input_hashes")}
    return {"cells": cells, "files": files}


def page_script(lineage: Mapping[str, Any], script: str, mark: str) -> str:
    """HTML to put at the end of the page: the watermark, the numbers' origins, the script that shows them."""
    data = json.dumps(lineage, ensure_ascii=False, sort_keys=True, separators=(",", ":")).replace("<", "\\u003c")
    watermark = f'<div class="page-mark" aria-hidden="true">{html.escape(mark)}</div>\n' if mark else ""
    return f'{watermark}<script type="application/json" id="origins">{data}</script>\n<script>\n{script}</script>\n'
