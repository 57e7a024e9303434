"""The embedded chain: pandoc and typst from wheels, no program of the system needed."""

from __future__ import annotations

import base64
import os
import re
import subprocess
from pathlib import Path

from ruptureflow.report.render.errors import RenderError

# 1980-01-01: the earliest date a DOCX (a zip file) can carry. Fixed, so that the same results give the same bytes.
EPOCH = 315532800
FILTER, STYLE = "crossref.lua", "style.css"
# A pipe table with a longer line would get column widths from its dashes; no table here is that long.
COLUMNS = "100000"


def render(folder: Path, source: str, format: str, mark: str) -> Path:
    """Render the document in its private copy; the path of the result."""
    target = folder / f"manuscript.{format}"
    if format == "pdf":
        _pandoc(folder, source, "manuscript.typ", "typst", "--template", "template.typ", "-H", "page-mark.typ")
        _typst(folder / "manuscript.typ", target, folder)
    elif format == "html":
        options = ["--mathml", "--toc", "--toc-depth=2", "--section-divs", "--include-after-body", "after-body.html"]
        _pandoc(folder, source, target.name, "html5", "--css", STYLE, *options)
        target.write_text(embed(target.read_text(encoding="utf-8"), folder), encoding="utf-8")
    else:
        _pandoc(folder, source, target.name, "docx")
    return target


def embed(page: str, folder: Path) -> str:
    """The page with its style and figures inside it.

    pandoc's own --embed-resources takes six times as long: it parses the whole page anew.
    """

    def figure(found: re.Match[str]) -> str:
        content = base64.b64encode((folder / found[1]).read_bytes()).decode("ascii")
        return f'src="data:image/png;base64,{content}"'

    style = (folder / STYLE).read_text(encoding="utf-8")
    page = re.sub(rf'<link rel="stylesheet" href="{STYLE}" ?/>', lambda _: f"<style>\n{style}</style>", page)
    page = page.replace("</head>", '<link rel="icon" href="data:,">\n</head>', 1)
    return re.sub(r'src="(figures/[^"]+\.png)"', figure, page)


def _pandoc(folder: Path, source: str, target: str, writer: str, *options: str) -> None:
    import pypandoc

    command = [pypandoc.get_pandoc_path(), source, "--from", "markdown", "--to", writer, "--output", target]
    command += ["--standalone", "--number-sections", "--columns", COLUMNS, "--wrap", "none"]
    command += ["--lua-filter", FILTER, "--citeproc", "--fail-if-warnings", *options]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(EPOCH)}
    answer = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8", check=False
    )
    if answer.returncode != 0:
        raise RenderError(f"pandoc could not make {target}:\n{answer.stderr.strip()}")


def _typst(source: Path, target: Path, root: Path) -> None:
    import typst

    try:
        typst.compile(str(source), output=str(target), root=str(root), ignore_system_fonts=True, timestamp=EPOCH)
    except typst.TypstError as error:
        raise RenderError(f"typst could not make {target.name}:\n{error}") from None
