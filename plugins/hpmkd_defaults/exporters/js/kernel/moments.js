/** Moments as numbers: seconds since the middle of training, and parts of the calendar, in UTC. */
import { cellError } from "./columns.js";
import { isDate, isMissing } from "./texts.js";

/**
 * @typedef {{ origin: number, whole_days: boolean, parts: string[] }} Calendar
 * @typedef {{ seconds: number, micros: number }} Moment since 1970; micros from 0 to 999,999
 */

const DAY = 86_400;
/** The first and the last second of the years 1 to 9999. */
const FIRST = -62_135_596_800;
const LAST = 253_402_300_799;
const CLOCK = "(\\d\\d)(?::(\\d\\d)(?::(\\d\\d))?|(\\d\\d)(\\d\\d)?)?(?:[.,](\\d+))?";
const DATE = "(\\d{4})-(\\d\\d)-(\\d\\d)";
const ISO = new RegExp(`^${DATE}(?:[T ]${CLOCK}(?: ?(?:Z|([+-])${CLOCK}))?)?$`);

/**
 * Return what reads a cell of moments, as several numbers.
 * @param {{ name: string, missing?: string[], calendar: Calendar }} column
 * @param {number} at where its numbers begin in a row
 * @returns {{ width: number, read: (cell: unknown, cells: Float64Array) => void }}
 */
export function momentReader(column, at) {
  const { origin, whole_days, parts } = column.calendar;
  const missing = new Set(column.missing);
  const numbers = numbersOf(parts);
  /** @type {(cell: unknown, cells: Float64Array) => void} */
  const read = (cell, cells) => {
    const moment = typeof cell === "string" && missing.has(cell) ? null : momentOf(cell);
    if (moment === undefined || (moment && !(moment.seconds >= FIRST && moment.seconds <= LAST))) {
      throw cellError(column.name, cell, "a Date, or a text such as 2024-03-01T12:30:00Z");
    }
    if (moment === null) {
      cells.fill(NaN, at, at + 1 + numbers.length);
      return;
    }
    const days = Math.floor(moment.seconds / DAY);
    const since = whole_days ? days * DAY : moment.seconds + moment.micros / 1e6;
    cells[at] = since - origin;
    const date = new Date(1000 * moment.seconds);
    for (let i = 0; i < numbers.length; i++) cells[at + 1 + i] = numbers[i](date);
  };
  return { width: 1 + numbers.length, read };
}

/**
 * Return how each number behind the moment itself is read, in their order.
 * @param {string[]} parts
 * @returns {((date: Date) => number)[]}
 */
function numbersOf(parts) {
  /** @type {Map<string, ((date: Date) => number)[]>} */
  const known = new Map([
    ["year", [(date) => date.getUTCFullYear()]],
    ["month", withWaves((date) => date.getUTCMonth() + 1, 12)],
    ["weekday", [(date) => (date.getUTCDay() + 6) % 7]],
    ["hour", withWaves((date) => date.getUTCHours(), 24)],
  ]);
  return parts.flatMap((part) => known.get(part) ?? []);
}

/**
 * @param {(date: Date) => number} part
 * @param {number} period
 */
function withWaves(part, period) {
  /** @param {(x: number) => number} wave */
  const table = (wave) =>
    Array.from({ length: period + 1 }, (_, value) => {
      return Math.round(wave((2 * Math.PI * value) / period) * 1e12) / 1e12 + 0;
    });
  const [sines, cosines] = [table(Math.sin), table(Math.cos)];
  /** @type {((date: Date) => number)[]} */
  const numbers = [part, (date) => sines[part(date)], (date) => cosines[part(date)]];
  return numbers;
}

/**
 * Return the moment that a cell holds; null if it is missing, undefined if it holds none.
 * @param {unknown} cell
 * @returns {Moment | null | undefined}
 */
function momentOf(cell) {
  if (cell === null || cell === undefined || cell !== cell) return null;
  if (typeof cell === "string") return momentOfText(cell);
  return isDate(cell) ? momentOfDate(cell) : undefined;
}

/**
 * @param {Date} date
 * @returns {Moment | undefined}
 */
export function momentOfDate(date) {
  const time = date.getTime();
  if (Number.isNaN(time)) return undefined;
  const seconds = Math.floor(time / 1000);
  return { seconds, micros: 1000 * (time - 1000 * seconds) };
}

/**
 * @param {string} text
 * @returns {Moment | null | undefined}
 */
function momentOfText(text) {
  const found = ISO.exec(text);
  if (!found) return isMissing(text) ? null : undefined;
  const [year, month, day] = [found[1], found[2], found[3]].map(Number);
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  const clock = clockOf(found, 4);
  if (clock.hour > 23 || clock.minute > 59 || clock.second > 59) return undefined;
  const offset = clockOf(found, 11);
  const sign = found[10] === "-" ? -1 : 1;
  const ahead = sign * clockSeconds(offset);
  if (Math.abs(ahead) >= DAY) return undefined;
  const micros = clock.micros - sign * offset.micros;
  const carried = Math.floor(micros / 1e6);
  const seconds = date.getTime() / 1000 + clockSeconds(clock) - ahead + carried;
  return { seconds, micros: micros - 1e6 * carried };
}

/**
 * Return what the groups of CLOCK hold.
 * @param {RegExpExecArray} found
 * @param {number} at the first of them
 */
function clockOf(found, at) {
  const minute = Number(found[at + 1] ?? found[at + 3] ?? 0);
  const second = Number(found[at + 2] ?? found[at + 4] ?? 0);
  const micros = Number((found[at + 5] ?? "").slice(0, 6).padEnd(6, "0"));
  return { hour: Number(found[at] ?? 0), minute, second, micros };
}

/** @param {{ hour: number, minute: number, second: number }} clock */
function clockSeconds({ hour, minute, second }) {
  return 3600 * hour + 60 * minute + second;
}
