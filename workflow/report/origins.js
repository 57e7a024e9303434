"use strict";
// A click on a number (or Enter when it has the focus) shows where it comes from. Works offline: all is in the page.
(function () {
  const origins = JSON.parse(document.getElementById("origins").textContent);
  const panel = document.createElement("aside");
  panel.className = "origin";
  panel.setAttribute("role", "dialog");
  panel.setAttribute("aria-label", "Where this number comes from");
  panel.hidden = true;
  document.body.appendChild(panel);

  function line(list, name, text) {
    const term = document.createElement("dt");
    const what = document.createElement("dd");
    term.textContent = name;
    what.textContent = text;
    list.append(term, what);
    return what;
  }

  function show(element) {
    const id = element.dataset.id;
    const cell = origins.cells[id];
    if (!cell) return;
    const [file, row, column, value, unit] = cell;
    const maker = origins.files[file];
    const list = document.createElement("dl");
    line(list, "number", id);
    line(list, "full precision", value === null ? "none" : String(value) + (unit ? " " + unit : ""));
    line(list, "cell", file + ", row " + row + ", column " + column);
    line(list, "rule", maker.rule + " (" + maker.script + ")");
    line(list, "code", maker.code_hash);
    const raw = line(list, "raw files", "");
    const files = document.createElement("ul");
    for (const [path, hash] of Object.entries(maker.input_hashes)) {
      const item = document.createElement("li");
      item.textContent = path + " ";
      const code = document.createElement("code");
      code.textContent = hash.slice(0, 16) + "…";
      code.title = "SHA-256 " + hash;
      item.appendChild(code);
      files.appendChild(item);
    }
    raw.appendChild(files);
    const close = document.createElement("button");
    close.type = "button";
    close.textContent = "×";
    close.setAttribute("aria-label", "Close");
    close.addEventListener("click", hide);
    panel.replaceChildren(close, list);
    panel.hidden = false;
    document.querySelectorAll(".value.shown").forEach((other) => other.classList.remove("shown"));
    element.classList.add("shown");
  }

  function hide() {
    panel.hidden = true;
    document.querySelectorAll(".value.shown").forEach((other) => other.classList.remove("shown"));
  }

  document.querySelectorAll(".value[data-id]").forEach((element) => {
    const cell = origins.cells[element.dataset.id];
    if (!cell) return;
    element.tabIndex = 0;
    element.title = cell[0] + ", row " + cell[1] + ", " + cell[2];
  });
  document.addEventListener("click", (event) => {
    const element = event.target.closest(".value[data-id]");
    if (element) show(element);
    else if (!panel.contains(event.target)) hide();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hide();
    if (event.key === "Enter" && document.activeElement.matches(".value[data-id]")) show(document.activeElement);
  });
  // An address that ends in #value=<id> opens with that number's origin shown.
  const asked = new URLSearchParams(location.hash.slice(1)).get("value");
  const first = asked && document.querySelector('.value[data-id="' + CSS.escape(asked) + '"]');
  if (first) {
    first.scrollIntoView({ block: "center" });
    show(first);
  }
})();
