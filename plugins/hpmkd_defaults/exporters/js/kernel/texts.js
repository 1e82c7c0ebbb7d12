/** What a text spells, and how what is no text is spelt: as in Python, which trained it. */

/** Texts that stand for a missing cell where a number or a moment is expected. */
const MISSING = new Set([
  ..."|NA|N/A|n/a|<NA>|#NA|#N/A|#N/A N/A|NULL|null|None".split("|"),
  ..."NaN|nan|-NaN|-nan|1.#IND|-1.#IND|1.#QNAN|-1.#QNAN".split("|"),
]);

/** What Python strips off a text that is read as a number. */
const BLANK = "[\\t-\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";
const BLANKS = new RegExp(`^${BLANK}+|${BLANK}+$`, "g");
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const INFINITE = /^([+-]?)inf(?:inity)?$/i;

/**
 * Tell whether a text stands for a missing cell.
 * @param {string} text
 */
export function isMissing(text) {
  return MISSING.has(text.replace(BLANKS, ""));
}

/**
 * Return the number that a text spells, NaN for a missing cell, undefined if it spells none.
 * @param {string} text
 * @returns {number | undefined}
 */
export function numberOf(text) {
  const stripped = text.replace(BLANKS, "");
  if (NUMBER.test(stripped)) return Number(stripped);
  if (/^true$/i.test(text)) return 1;
  if (/^false$/i.test(text)) return 0;
  const infinite = INFINITE.exec(stripped);
  if (infinite) return infinite[1] === "-" ? -Infinity : Infinity;
  return /^[+-]?nan$/i.test(stripped) || isMissing(text) ? NaN : undefined;
}

/**
 * Tell whether a cell is a Date, of this window or of another one.
 * @param {unknown} cell
 * @returns {cell is Date}
 */
export function isDate(cell) {
  return Object.prototype.toString.call(cell) === "[object Date]";
}

/**
 * Return a time as seconds since 1970, rounded as the student rounds it.
 * @param {Date} date
 */
export function secondsOf(date) {
  const whole = Math.floor(date.getTime() / 1000);
  return whole + (date.getTime() - 1000 * whole) / 1000;
}

/**
 * Return the text of a category that is no text itself; undefined if it can be no category.
 * @param {unknown} cell neither missing nor a text
 * @returns {string | undefined}
 */
export function spelt(cell) {
  if (typeof cell === "number") return speltNumber(cell);
  if (typeof cell === "boolean") return cell ? "True" : "False";
  if (typeof cell === "bigint") return String(cell);
  if (!isDate(cell) || Number.isNaN(cell.getTime())) return undefined;
  return cell.toISOString().replace(/(?:\.000)?Z$/, "");
}

/** @param {number} x */
function speltNumber(x) {
  if (Number.isInteger(x)) return Math.abs(x) < 1e21 ? String(x) : String(BigInt(x));
  if (!Number.isFinite(x)) return x > 0 ? "inf" : "-inf";
  if (Math.abs(x) >= 1e-4) return String(x);
  return x.toExponential().replace(/-(\d)$/, "-0$1");
}
