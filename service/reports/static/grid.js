/* The grid of a class by keyboard, as one tab stop (WAI-ARIA practices, data grid): arrow keys go from cell to cell, Home
   and End along the row, with Control to the first and the last cell. Without this file it is a plain table. */
"use strict";

/* What can be focused, by row and column: a cell's link where it has one. A header has two rows: its skill and its order. */
function stopsOf(table) {
  const head = [...table.tHead.rows[0].cells];
  const rows = [head.map((cell) => cell.querySelector("a") ?? cell), head.map((cell) => cell.querySelector(".by") ?? cell)];
  for (const row of table.tBodies[0].rows) rows.push([...row.cells].map((cell) => cell.querySelector("a") ?? cell));
  return rows;
}

function placeOf(stops, stop) {
  for (const [row, cells] of stops.entries()) if (cells.includes(stop)) return [row, cells.indexOf(stop)];
  return null;
}

function target(stops, [row, column], key, whole, rightToLeft) {
  const last = stops[row].length - 1;
  if (key === "Home") return whole ? stops[0][0] : stops[row][0];
  if (key === "End") return whole ? stops.at(-1)[last] : stops[row][last];
  if (key === (rightToLeft ? "ArrowLeft" : "ArrowRight")) return stops[row][column + 1];
  if (key === (rightToLeft ? "ArrowRight" : "ArrowLeft")) return stops[row][column - 1];
  const step = { ArrowDown: 1, ArrowUp: -1 }[key];
  if (!step) return undefined;
  const above = stops[row + step]?.[column] === stops[row][column] ? 2 * step : step; // the corner stands in both rows
  return stops[row + above]?.[column];
}

function enhance(table) {
  const stops = stopsOf(table);
  let current = placeOf(stops, document.activeElement) ? document.activeElement : stops[2][0];
  for (const stop of stops.flat()) stop.tabIndex = stop === current ? 0 : -1;
  table.setAttribute("role", "grid");
  table.setAttribute("aria-readonly", "true");
  table.querySelector(".how").textContent = table.dataset.how;
  const region = table.closest(".scroll"); // it need not be a stop of its own: what is focused is scrolled to
  region.removeAttribute("tabindex");
  table.addEventListener("focusin", ({ target: stop }) => {
    if (!placeOf(stops, stop)) return;
    current.tabIndex = -1;
    current = stop;
    current.tabIndex = 0;
  });
  table.addEventListener("keydown", (event) => {
    const place = placeOf(stops, event.target);
    if (!place || event.altKey || event.shiftKey) return;
    const rightToLeft = getComputedStyle(table).direction === "rtl";
    const to = target(stops, place, event.key, event.ctrlKey || event.metaKey, rightToLeft);
    if (!to) return;
    event.preventDefault();
    // What stays in view when the rest scrolls must not cover what is focused.
    region.style.scrollPadding = `${table.tHead.offsetHeight + 4}px 4px 4px ${stops[2][0].closest("th").offsetWidth + 4}px`;
    to.focus({ preventScroll: true });
    to.closest("td, th").scrollIntoView({ block: "nearest", inline: "nearest" });
  });
}

function enhanceAll() {
  document.querySelectorAll("table.grid:not([role])").forEach(enhance);
}

enhanceAll();
document.addEventListener("htmx:afterSettle", enhanceAll);

/* Paper does not scroll: a grid of many skills is printed as several, each with the names and some of the skills. */
const SHEET = 16;

function keepOnly(table, from, to) {
  for (const row of table.rows) {
    for (const [at, cell] of [...row.cells].entries()) cell.hidden = at > 0 && (at <= from || at > to);
  }
}

function layOut(table) {
  const skills = table.tHead.rows[0].cells.length - 1;
  if (skills <= SHEET) return;
  for (let from = Math.floor((skills - 1) / SHEET) * SHEET; from > 0; from -= SHEET) {
    const sheet = table.cloneNode(true);
    sheet.classList.add("sheet");
    for (const one of sheet.querySelectorAll("[id]")) one.removeAttribute("id");
    keepOnly(sheet, from, from + SHEET);
    table.after(sheet);
  }
  keepOnly(table, 0, SHEET);
}

addEventListener("beforeprint", () => document.querySelectorAll("table.grid:not(.sheet)").forEach(layOut));
addEventListener("afterprint", () => {
  document.querySelectorAll("table.sheet").forEach((sheet) => sheet.remove());
  document.querySelectorAll("table.grid").forEach((table) => keepOnly(table, 0, Infinity));
});
