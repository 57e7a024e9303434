"""Headless Chromium for tests that open what a person opens."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
INSTALL = "no browser found; on Debian and Ubuntu: apt-get install --no-install-recommends chromium"
OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-logging=stderr",
    "--virtual-time-budget=4000",
)
# Runs in a copy of the page after it has loaded, and leaves what it saw where --dump-dom shows it.
PROBE = """
<script>
addEventListener("load", () => {
  const seen = { images: [...document.images].map((image) => image.naturalWidth) };
  const values = [...document.querySelectorAll(".value[data-id]")];
  seen.values = values.length;
  if (values.length) {
    values[0].click();
    const panel = document.querySelector("aside.origin");
    seen.asked = values[0].dataset.id;
    seen.panel = panel && !panel.hidden ? panel.innerText : "";
  }
  if (values.length) {
    const panel = document.querySelector("aside.origin");
    const press = (key) => document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
    values[0].focus();
    press("Enter");
    seen.by_keyboard = { opened: !panel.hidden, focus: document.activeElement.getAttribute("aria-label") };
    press("Escape");
    Object.assign(seen.by_keyboard, { closed: panel.hidden, back: document.activeElement === values[0] });
  }
  seen.without = values.filter((value) => !value.title).map((value) => value.dataset.id);
  const report = document.createElement("pre");
  report.id = "probe";
  report.textContent = JSON.stringify(seen);
  document.body.appendChild(report);
});
</script>
"""


@dataclass(frozen=True)
class Visit:
    """What a browser saw of a page: the probe's findings, console messages, addresses it asked the network for."""

    seen: dict[str, Any]
    console: list[str]
    requests: list[str]


def find_browser() -> str:
    """Path of a browser; without one the test skips, or fails where RUPTUREFLOW_REQUIRE_BROWSER is set."""
    for name in NAMES:
        path = shutil.which(name)
        if path:
            return path
    if os.environ.get("RUPTUREFLOW_REQUIRE_BROWSER"):
        pytest.fail(INSTALL)
    pytest.skip(INSTALL)


def visit(page: Path, folder: Path) -> Visit:
    """Open a copy of a page, with the probe in it, in an empty browser profile."""
    browser = find_browser()
    copy, log = folder / "page.html", folder / "network.json"
    copy.write_text(page.read_text(encoding="utf-8").replace("</body>", PROBE + "</body>"), encoding="utf-8")
    answer = subprocess.run(
        [
            browser,
            *OPTIONS,
            f"--user-data-dir={folder / 'profile'}",
            f"--log-net-log={log}",
            "--dump-dom",
            copy.as_uri(),
        ],
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        timeout=120,
        check=False,
    )
    found = re.search(r'<pre id="probe">(.*?)</pre>', answer.stdout, flags=re.DOTALL)
    assert found, f"the page did not load: {answer.stderr[-2000:]}"
    console = [line for line in answer.stderr.splitlines() if "CONSOLE" in line]
    return Visit(json.loads(html.unescape(found[1])), console, _requests(log))


def _requests(log: Path) -> list[str]:
    """Addresses of the network that the page asked for; the browser's own errands belong to no page."""
    text = log.read_text(encoding="utf-8", errors="replace").rstrip()
    try:
        events = json.loads(text)["events"]
    except json.JSONDecodeError:  # the log of a browser that was still writing lacks its end
        events = json.loads(text.rstrip(",") + "]}")["events"]
    found = (event.get("params", {}) for event in events)
    asked = (each for each in found if each.get("network_isolation_key", "").startswith("file:"))
    return sorted({each["url"] for each in asked if each.get("url", "").startswith(("http", "ws", "ftp"))})
