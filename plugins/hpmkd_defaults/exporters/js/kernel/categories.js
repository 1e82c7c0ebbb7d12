/** Cells of category columns, as codes of levels. */
import { cellError } from "./columns.js";
import { spelt } from "./texts.js";

/**
 * Return what reads a cell of a category column as its code, NaN where no level is known.
 * @type {import("./columns.js").ReaderOf}
 */
export function categoryReader(column, at) {
  /** @type {Map<string, number>} */
  const codes = new Map(column.aliases);
  for (const [code, text] of column.categories.entries()) codes.set(text, code);
  /** @type {import("./columns.js").Reader} */
  const read = (cell, cells) => {
    if (cell === null || cell === undefined || cell !== cell) {
      cells[at] = NaN;
      return;
    }
    const text = typeof cell === "string" ? cell : spelt(cell);
    if (text === undefined) throw cellError(column.name, cell, "a text, a number, true or false");
    cells[at] = codes.get(text) ?? NaN;
  };
  return { width: 1, read };
}
