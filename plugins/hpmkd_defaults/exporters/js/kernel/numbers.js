/** Cells of number columns. */
import { cellError } from "./columns.js";
import { isDate, numberOf, secondsOf } from "./texts.js";

/**
 * Return what reads a cell of a number column.
 * @type {import("./columns.js").ReaderOf}
 */
export function numberReader(column, at) {
  const missing = new Set(column.missing);
  /** @type {import("./columns.js").Reader} */
  const read = (cell, cells) => {
    if (typeof cell === "number") cells[at] = cell;
    else if (typeof cell === "string" && missing.has(cell)) cells[at] = NaN;
    else cells[at] = otherNumber(column.name, cell);
  };
  return { width: 1, read };
}

/**
 * @param {string} name
 * @param {unknown} cell
 */
function otherNumber(name, cell) {
  if (cell === null || cell === undefined) return NaN;
  if (typeof cell === "boolean") return cell ? 1 : 0;
  const number =
    typeof cell === "string" ? numberOf(cell)
    : typeof cell === "bigint" ? Number(cell)
    : isDate(cell) && !Number.isNaN(cell.getTime()) ? secondsOf(cell)
    : undefined;
  if (number === undefined) throw cellError(name, cell, "a number");
  return number;
}
