"use strict";
// A click on a number (or Enter or space when it has the focus) shows where it comes from; Escape closes and goes back.
// Works offline: all is in the page.
(function () {
  const origins = JSON.parse(document.getElementById("origins").textContent);
  const panel = document.createElement("aside");
  panel.className = "origin";
  panel.setAttribute("role", "dialog");
  panel.setAttribute("aria-label", "Where this number comes from");
  panel.hidden = true;
  document.body.appendChild(panel);
  let opener = null;

  function line(list, name, text) {
    const term = document.createElement("dt");
    const what = document.createElement("dd");
    term.textContent = name;
    what.textContent = text;
    list.append(term, what);
    return what;
  }

  function show(element, isAsked) {
    const id = element.dataset.id;
    const cell = origins.cells[id];
    if (!cell) return;
    const [place, row, column, value, unit] = cell;
    const [file, rule, script, code, behind] = origins.sources[place];
    const list = document.createElement("dl");
    const address = document.createElement("a");
    address.href = "#value=" + id;
    address.textContent = id;
    line(list, "number", "").appendChild(address);
    line(list, "full precision", value === null ? "none" : String(value) + (unit ? " " + unit : ""));
    line(list, "cell", file + ", row " + row + ", column " + column);
    line(list, "rule", rule + " (" + script + ")");
    line(list, "code", code);
    const raw = line(list, "raw files", "");
    const files = document.createElement("ul");
    for (const [path, hash] of behind.map((number) => origins.raw[number])) {
      const item = document.createElement("li");
      item.textContent = path + " ";
      const digest = document.createElement("code");
      digest.textContent = hash.slice(0, 16) + "…";
      digest.title = "SHA-256 " + hash;
      item.appendChild(digest);
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
    unmark();
    element.classList.add("shown");
    opener = element;
    // Who came by keyboard goes on in the panel; a click leaves the place in the text.
    if (isAsked) close.focus();
  }

  function unmark() {
    document.querySelectorAll(".value.shown").forEach((other) => other.classList.remove("shown"));
  }

  function hide() {
    const hadFocus = panel.contains(document.activeElement);
    panel.hidden = true;
    unmark();
    if (hadFocus && opener) opener.focus();
  }

  document.querySelectorAll(".value[data-id]").forEach((element) => {
    const cell = origins.cells[element.dataset.id];
    if (!cell) return;
    element.tabIndex = 0;
    element.setAttribute("role", "button");
    element.title = origins.sources[cell[0]][0] + ", row " + cell[1] + ", " + cell[2];
  });
  document.addEventListener("click", (event) => {
    const element = event.target.closest(".value[data-id]");
    if (element) show(element, false);
    else if (!panel.contains(event.target)) hide();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hide();
    if ((event.key === "Enter" || event.key === " ") && document.activeElement.matches(".value[data-id]")) {
      event.preventDefault();
      show(document.activeElement, true);
    }
  });

  // An address that ends in #value=<id> opens with that number's origin shown.
  function open() {
    const asked = new URLSearchParams(location.hash.slice(1)).get("value");
    const first = asked && document.querySelector('.value[data-id="' + CSS.escape(asked) + '"]');
    if (first) {
      first.scrollIntoView({ block: "center" });
      show(first, false);
    }
  }
  addEventListener("hashchange", open);
  open();
})();
