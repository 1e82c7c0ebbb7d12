/** The student as others call it. */

/**
 * @typedef {string | number | bigint | boolean} Label
 * @typedef {{ class?: Label, best?: number }} Threshold
 */

/**
 * Return the functions of a student.
 * @param {(row: any) => Float64Array} readRow
 * @param {(row: Float64Array, out: Float64Array) => void} answer
 * @param {readonly Label[]} classes
 * @param {Threshold} [kept] the threshold in the student's file
 */
export function studentOf(readRow, answer, classes, kept = {}) {
  const out = new Float64Array(classes.length);

  /**
   * Return the probability of each class, in their order.
   * @param {import("./columns.js").Row} row
   * @returns {number[]}
   */
  function predictProba(row) {
    answer(readRow(row), out);
    return Array.from(out);
  }

  /**
   * Return the probabilities of many rows.
   * @param {Iterable<import("./columns.js").Row>} rows
   * @returns {number[][]}
   */
  function predictProbaMany(rows) {
    return Array.from(rows, predictProba);
  }

  /**
   * Return the label of the most probable class, the first of equally probable ones; or, of two,
   * what a threshold makes of them.
   * @param {import("./columns.js").Row} row
   * @param {number | "best"} [threshold] from which probability on the rarer class is named
   * @returns {Label}
   */
  function predict(row, threshold) {
    answer(readRow(row), out);
    if (threshold !== undefined) return classes[codeBy(threshold)];
    let best = 0;
    for (let c = 1; c < out.length; c++) best = out[c] > out[best] ? c : best;
    return classes[best];
  }

  /** @param {number | "best"} threshold */
  function codeBy(threshold) {
    if (classes.length !== 2) throw new TypeError("a threshold is for two classes");
    const value = threshold === "best" ? kept.best : threshold;
    if (value === undefined) throw new TypeError("this student keeps no best threshold");
    if (!(value >= 0 && value <= 1)) throw new TypeError("expected a threshold from 0 to 1");
    const own = kept.class === undefined ? -1 : classes.indexOf(kept.class);
    const code = own >= 0 ? own : 1;
    return out[code] >= value ? code : 1 - code;
  }

  return { predictProba, predictProbaMany, predict };
}
