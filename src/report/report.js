/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a page can do more where scripts may run: tables sort and filter, tips show at once.
   Reads and moves what is there; makes no markup from text. */
"use strict";
(function () {
  const times = {ns: 1, "\u00b5s": 1e3, ms: 1e6, s: 1e9, min: 6e10, h: 3.6e12, d: 8.64e13,
                 "/s": 86400, "/min": 1440, "/h": 24, "/d": 1};

  /* "1 234", "12.5 ms", "\u221212 %", "\u00d74.2", "\u2248 1 230", "30/min" as numbers; NaN for words. */
  function amount(text) {
    const plain = text.replace(/\u202f/g, "").replace("\u2212", "-").trim();
    const match = /^([\u00d7\u2248+\u00b1<]?)\s*(-?[\d.]+)\s*([^\d\s]*)/.exec(plain);
    if (!match) return NaN;
    const value = parseFloat(match[2]) * (times[match[3]] || 1);
    return match[1] === "\u00d7" ? (value - 1) * 100 : value;
  }

  function compare(a, b, column, sign) {
    const left = a.cells[column].textContent, right = b.cells[column].textContent;
    const x = /^\d{4}-\d\d-\d\d/.test(left) ? NaN : amount(left), y = amount(right);
    if (!isNaN(x) && !isNaN(y)) return sign * (x - y);
    if (!isNaN(x) || !isNaN(y)) return isNaN(x) ? 1 : -1; /* what is not known stands last */
    return sign * left.localeCompare(right);
  }

  function sort(table, column) {
    const head = table.tHead.rows[0].cells;
    const down = head[column].getAttribute("aria-sort") !== "descending";
    for (const cell of head) cell.removeAttribute("aria-sort");
    head[column].setAttribute("aria-sort", down ? "descending" : "ascending");
    const body = table.tBodies[0];
    Array.from(body.rows)
      .sort((a, b) => compare(a, b, column, down ? -1 : 1))
      .forEach((row) => body.append(row));
  }

  function makeSortable(table) {
    Array.from(table.tHead.rows[0].cells).forEach((cell, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = cell.textContent;
      button.addEventListener("click", () => sort(table, column));
      cell.replaceChildren(button);
    });
  }

  function makeFilter(table) {
    const input = document.createElement("input");
    input.type = "search";
    input.placeholder = "Show rows with \u2026";
    input.setAttribute("aria-label", "Show only rows that contain");
    input.addEventListener("input", () => {
      const wanted = input.value.toLowerCase();
      for (const row of table.tBodies[0].rows)
        row.hidden = !row.textContent.toLowerCase().includes(wanted);
    });
    table.parentElement.before(input);
  }

  for (const table of document.querySelectorAll("table")) {
    const rows = table.tBodies[0].rows.length;
    if (rows > 1) makeSortable(table);
    if (rows > 10) makeFilter(table);
  }

  const tip = document.createElement("div");
  tip.id = "tip";
  tip.hidden = true;
  document.body.append(tip);
  document.addEventListener("pointermove", (event) => {
    const shape = event.target.closest && event.target.closest("svg *");
    const title = shape && (shape.querySelector(":scope > title") ||
                            shape.parentElement.querySelector(":scope > title"));
    tip.hidden = !title;
    if (!title) return;
    tip.textContent = title.textContent;
    tip.style.left = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8) + "px";
    tip.style.top = Math.min(event.clientY + 14, innerHeight - tip.offsetHeight - 8) + "px";
  });
})();
