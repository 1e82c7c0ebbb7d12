/** Rows as they come, turned into numbers: of each column as it was in training. */

/**
 * @typedef {number | string | boolean | bigint | Date | null | undefined} Cell
 * @typedef {Record<string, unknown> | ArrayLike<unknown>} Row
 * @typedef {object} Column
 * @property {string} name
 * @property {"number" | "category" | "datetime"} kind
 * @property {string[]} [categories] the levels by code
 * @property {[string, number][]} [aliases] further spellings of levels, and their codes
 * @property {string[]} [missing] further texts for a missing cell
 * @property {import("./moments.js").Calendar} [calendar]
 * @typedef {(cell: unknown, cells: Float64Array) => void} Reader
 * @typedef {(column: any, at: number) => { width: number, read: Reader }} ReaderOf
 */

/**
 * Return what turns a row into numbers, in one array for all rows.
 * @param {Column[]} columns
 * @param {Record<string, ReaderOf>} readers by kind
 * @returns {(row: Row) => Float64Array}
 */
export function rowReader(columns, readers) {
  const names = columns.map((column) => column.name);
  let width = 0;
  const read = columns.map((column) => {
    const reader = readers[column.kind](column, width);
    width += reader.width;
    return reader.read;
  });
  const cells = new Float64Array(width);
  return (row) => {
    if (Array.isArray(row) || ArrayBuffer.isView(row)) {
      const listed = /** @type {unknown[]} */ (row);
      if (listed.length !== names.length) {
        throw new TypeError(`got a row of ${listed.length} cells, expected ${names.length}`);
      }
      for (let j = 0; j < names.length; j++) read[j](listed[j], cells);
      return cells;
    }
    if (typeof row !== "object" || row === null) {
      throw new TypeError("expected a row: an object of cells by column, or an array of cells");
    }
    const named = /** @type {Record<string, unknown>} */ (row);
    for (let j = 0; j < names.length; j++) {
      if (!Object.hasOwn(named, names[j])) throw lacking(named, names);
      read[j](named[names[j]], cells);
    }
    return cells;
  };
}

/**
 * @param {Record<string, unknown>} row
 * @param {string[]} names
 */
function lacking(row, names) {
  const missing = names.filter((name) => !Object.hasOwn(row, name)).map(shown);
  const more = missing.length > 5 ? `, and ${missing.length - 5} more` : "";
  return new TypeError(
    `the row lacks the columns ${missing.slice(0, 5).join(", ")}${more}: add them, with null ` +
      "where the value is not known",
  );
}

/**
 * Return the error for a cell of another kind than its column.
 * @param {string} name
 * @param {unknown} cell
 * @param {string} expected
 */
export function cellError(name, cell, expected) {
  const found = typeof cell === "string" ? shown(cell) : Object.prototype.toString.call(cell);
  return new TypeError(
    `column ${shown(name)} holds ${found}, expected ${expected}; null where the value is not known`,
  );
}

/** @param {string} text */
function shown(text) {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}...` : text);
}
