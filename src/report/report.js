/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a page can do more where scripts may run: tables sort and filter, tips show at once,
   flame graphs zoom and search, links open what they lead to. Reads and moves what is there;
   makes no markup from text. */
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

  /* What scrolls sideways can be reached by the keyboard; looked at when it comes into view. */
  const wide = new IntersectionObserver((entries) => {
    for (const {target, isIntersecting} of entries) {
      if (!isIntersecting) continue;
      wide.unobserve(target);
      if (target.scrollWidth <= target.clientWidth) continue;
      target.tabIndex = 0;
      target.setAttribute("role", "region");
      target.setAttribute("aria-label", target.firstChild.getAttribute("aria-label"));
    }
  });
  for (const table of document.querySelectorAll(".wide")) wide.observe(table);

  const tip = document.createElement("div");
  tip.id = "tip";
  tip.hidden = true;
  document.body.append(tip);

  function showTip(title, x, y) {
    tip.hidden = !title;
    if (!title) return;
    tip.textContent = title.textContent;
    tip.style.left = Math.max(0, Math.min(x, innerWidth - tip.offsetWidth - 8)) + "px";
    tip.style.top = Math.max(0, Math.min(y, innerHeight - tip.offsetHeight - 8)) + "px";
  }

  document.addEventListener("pointermove", (event) => {
    const shape = event.target.closest && event.target.closest("svg *");
    const title = shape && (shape.querySelector(":scope > title") ||
                            shape.parentElement.querySelector(":scope > title"));
    showTip(title, event.clientX + 14, event.clientY + 14);
  });

  /* --- flame graphs: a frame is a group with a rectangle, and its name where it has room --- */

  const LETTER = 6.2; /* width of one, about, in the picture's units */

  function frameOf(group) {
    const rect = group.querySelector("rect"), text = group.querySelector("text");
    const [x, y, width] = ["x", "y", "width"].map((name) => parseFloat(rect.getAttribute(name)));
    return {group, rect, text, x, y, width, name: group.dataset.frame, said: text && text.textContent};
  }

  function label(frame, x, width) {
    const letters = Math.floor((width - 6) / LETTER);
    if (!frame.text) {
      if (letters < 3) return;
      const model = frame.group.ownerSVGElement.querySelector("[data-frame] text");
      frame.text = model.cloneNode();
      frame.group.append(frame.text);
    }
    const short = frame.name.slice(frame.name.lastIndexOf(":") + 1);
    const fits = frame.name.length <= letters ? frame.name : short;
    frame.text.setAttribute("x", x + 3.6);
    frame.text.setAttribute("y", frame.y + 12.4);
    frame.text.textContent =
      letters < 3 ? "" : fits.length <= letters ? fits : fits.slice(0, letters - 1) + "\u2026";
  }

  function restore(frame) {
    frame.group.style.display = "";
    frame.rect.setAttribute("x", frame.x);
    frame.rect.setAttribute("width", frame.width);
    if (!frame.text) return;
    frame.text.textContent = frame.said || "";
    frame.text.setAttribute("x", frame.x + 3.6);
  }

  /* What calls the chosen frame, and what it calls, as wide as the picture. */
  function zoom(frames, chosen) {
    const whole = frames[0], slack = 0.7, end = chosen.x + chosen.width;
    const scale = whole.width / chosen.width;
    for (const frame of frames) {
      restore(frame);
      if (chosen === whole) continue;
      const calls = frame.y < chosen.y && frame.x <= chosen.x + slack &&
                    frame.x + frame.width >= end - slack;
      const called = frame.y >= chosen.y && frame.x >= chosen.x - slack &&
                     frame.x + frame.width <= end + slack;
      frame.group.style.display = calls || called ? "" : "none";
      if (!calls && !called) continue;
      const x = calls ? whole.x : whole.x + (frame.x - chosen.x) * scale;
      const width = calls ? whole.width : frame.width * scale;
      frame.rect.setAttribute("x", x);
      frame.rect.setAttribute("width", width);
      label(frame, x, width);
    }
  }

  /* Marks frames by name; how much of the whole they and what they call take. */
  function search(frames, wanted) {
    let share = 0, count = 0;
    const counted = [];
    for (const frame of frames.slice(1)) {
      const found = wanted !== "" && frame.name.toLowerCase().includes(wanted);
      frame.group.classList.toggle("found", found);
      if (!found) continue;
      count++;
      if (counted.some((other) => frame.x >= other.x - 0.7 && frame.y > other.y &&
                                  frame.x + frame.width <= other.x + other.width + 0.7)) continue;
      counted.push(frame);
      share += frame.width / frames[0].width;
    }
    return wanted === "" ? "" : count + " frames, " + (share * 100).toFixed(1) + " % of all";
  }

  /* The frame that an arrow key leads to. */
  function neighbour(frames, from, key) {
    const shown = frames.filter((frame) => frame.group.style.display !== "none");
    const at = (frame) => parseFloat(frame.rect.getAttribute("x"));
    const end = (frame) => at(frame) + parseFloat(frame.rect.getAttribute("width"));
    const over = (a, b) => at(a) <= at(b) + 0.7 && end(a) >= end(b) - 0.7;
    const nearest = (list, sign) => list.sort((a, b) => sign * (a.y - b.y) || at(a) - at(b))[0];
    if (key === "ArrowUp") return nearest(shown.filter((f) => f.y < from.y && over(f, from)), -1);
    if (key === "ArrowDown") return nearest(shown.filter((f) => f.y > from.y && over(from, f)), 1);
    const row = shown.filter((frame) => frame.y === from.y).sort((a, b) => at(a) - at(b));
    return row[row.indexOf(from) + (key === "ArrowLeft" ? -1 : 1)];
  }

  function makeFlame(svg) {
    const frames = Array.from(svg.querySelectorAll("[data-frame]"), frameOf);
    const input = document.createElement("input"), told = document.createElement("output");
    input.type = "search";
    input.placeholder = "Find functions\u2026";
    input.setAttribute("aria-label", "Mark frames whose name contains");
    input.addEventListener("input", () => {
      told.textContent = search(frames, input.value.trim().toLowerCase());
    });
    svg.before(input, " ", told);
    svg.setAttribute("role", "group");
    frames.forEach((frame, i) => {
      frame.group.setAttribute("tabindex", i ? -1 : 0);
      frame.group.setAttribute("role", "button");
    });
    const frameAt = (event) => {
      const group = event.target.closest("[data-frame]");
      return frames.find((frame) => frame.group === group);
    };
    svg.addEventListener("click", (event) => {
      const frame = frameAt(event);
      if (frame) zoom(frames, frame);
    });
    svg.addEventListener("keydown", (event) => {
      const frame = frameAt(event);
      if (!frame) return;
      if (event.key === "Enter" || event.key === " ") zoom(frames, frame);
      else if (event.key === "Escape") zoom(frames, frames[0]);
      else if (event.key.startsWith("Arrow")) {
        const next = neighbour(frames, frame, event.key);
        if (!next) return;
        frame.group.setAttribute("tabindex", -1);
        next.group.setAttribute("tabindex", 0);
        next.group.focus();
      } else return;
      event.preventDefault();
    });
    svg.addEventListener("focusin", (event) => {
      const frame = frameAt(event);
      if (!frame) return;
      const box = frame.rect.getBoundingClientRect();
      showTip(frame.group.querySelector(":scope > title"), box.left, box.bottom + 4);
    });
  }

  for (const svg of document.querySelectorAll("svg:has([data-frame])")) makeFlame(svg);

  /* --- folded parts open for a link that leads into them, and for paper --- */

  function openTarget() {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    for (let part = target.closest("details"); part; part = part.parentElement.closest("details"))
      part.open = true;
    target.scrollIntoView();
  }
  addEventListener("hashchange", openTarget);
  if (location.hash) openTarget();
  addEventListener("beforeprint", () => {
    for (const part of document.querySelectorAll("details")) part.open = true;
  });
})();
