/** From margins to probabilities. */
import { exp, LARGEST } from "./scalars.js";

const SIGMOID = 0, SOFTMAX = 1;

/**
 * Return what answers a row: a student that is no pool.
 * @param {import("./words.js").Words} student
 * @param {((student: import("./words.js").Words) => import("./linear.js").Step | null)[]} parts
 * @returns {(row: Float64Array, out: Float64Array) => void}
 */
export function answerOf(student, parts) {
  const steps = parts.flatMap((part) => part(student) ?? []);
  const margins = new Float64Array(student.words[1]), link = student.words[2];
  return (row, out) => {
    for (const step of steps) step(row, margins);
    if (link === SIGMOID) sigmoid(margins[0], out);
    else normalise(margins, link, out);
  };
}

/**
 * Write the probabilities of two classes.
 * @param {number} margin
 * @param {Float64Array} out
 */
function sigmoid(margin, out) {
  const z = Math.min(Math.max(margin, -LARGEST), LARGEST);
  const small = exp(-Math.abs(z));
  const likely = 1 / (1 + small), unlikely = small / (1 + small);
  out[0] = z >= 0 ? unlikely : likely;
  out[1] = z >= 0 ? likely : unlikely;
}

/**
 * Write probabilities: of softmax, or the margins themselves, so that they sum to 1.
 * @param {Float64Array} margins
 * @param {number} link
 * @param {Float64Array} out
 */
function normalise(margins, link, out) {
  let total = 0, top = -LARGEST;
  for (const margin of margins) top = Math.max(top, Math.min(margin, LARGEST));
  for (let c = 0; c < out.length; c++) {
    const z = Math.min(Math.max(margins[c], -LARGEST), LARGEST);
    out[c] = link === SOFTMAX ? exp(z - top) : margins[c];
    total += out[c];
  }
  for (let c = 0; c < out.length; c++) out[c] /= total;
}
