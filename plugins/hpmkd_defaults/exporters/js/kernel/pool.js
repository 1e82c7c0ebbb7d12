/** The probabilities of several models, fused: added, multiplied, or both. */
import { attentionOf, N_FEATURES } from "./attention.js";
import { answerOf } from "./links.js";
import { exp, LARGEST, log } from "./scalars.js";
import { viewed } from "./words.js";

const SMALLEST = 1e-15; // probability of a member
const TINY = 2.2250738585072014e-308; // smallest normal number

/**
 * Return what answers a row: a pool.
 * @param {import("./words.js").Words} pool
 * @param {Parameters<typeof answerOf>[1]} parts of its members
 * @returns {(row: Float64Array, out: Float64Array) => void}
 */
export function poolOf({ words, doubles }, parts) {
  const nClasses = words[1], nMembers = words[2], starts = words[3];
  const members = Array.from({ length: nMembers }, (_, m) => {
    const first = words[starts + m], stop = words[starts + m + 1];
    return answerOf(viewed(/** @type {ArrayBuffer} */ (words.buffer), first, stop - first), parts);
  });
  const end = 3 * nMembers + nClasses, isAttended = words[5] > 0;
  const nAttention = isAttended ? (2 + nMembers) * N_FEATURES : 0;
  const numbers = doubles.subarray(words[4], words[4] + end + 2 + nAttention);
  const rest = numbers[end], inverse = numbers[end + 1];
  const attention = numbers.subarray(end + 2);
  let isLinear = false;
  for (let m = 0; m < nMembers; m++) isLinear ||= numbers[3 * m + 1] > 0;
  const p = new Float64Array(nClasses), product = new Float64Array(nClasses);
  return (row, mean) => {
    mean.fill(0);
    product.set(numbers.subarray(3 * nMembers, 3 * nMembers + nClasses));
    members.forEach((answer, m) => {
      answer(row, p);
      temper(p, numbers[3 * m]);
      const exponent = numbers[3 * m + 2];
      const weight = numbers[3 * m + 1] * (isAttended ? attentionOf(p, attention, m) : 1);
      if (isLinear) for (let c = 0; c < nClasses; c++) mean[c] += weight * p[c];
      if (rest > 0) {
        for (let c = 0; c < nClasses; c++) {
          product[c] += exponent * log(p[c] > SMALLEST ? p[c] : SMALLEST);
        }
      }
    });
    if (isAttended) scale(mean, 1 - rest); // until here, weights of a row have any sum
    if (rest > 0) {
      exponentiate(product);
      scale(product, rest);
      for (let c = 0; c < nClasses; c++) mean[c] += product[c];
    }
    if (inverse !== 1) {
      for (let c = 0; c < nClasses; c++) {
        mean[c] = mean[c] > TINY ? log(mean[c]) * inverse : -LARGEST;
      }
      exponentiate(mean);
    }
    scale(mean, 1);
  };
}

/**
 * Sharpen or soften the probabilities of a member; they sum to 1.
 * @param {Float64Array} p
 * @param {number} inverse 1 / its temperature
 */
function temper(p, inverse) {
  for (let c = 0; c < p.length; c++) p[c] = p[c] > SMALLEST ? p[c] : SMALLEST;
  if (inverse !== 1) {
    for (let c = 0; c < p.length; c++) p[c] = log(p[c]) * inverse;
    exponentiate(p);
  }
  scale(p, 1);
}

/**
 * Take the largest value off all of them, and raise e to each.
 * @param {Float64Array} values
 */
function exponentiate(values) {
  let top = values[0];
  for (const value of values) top = value > top ? value : top;
  for (let c = 0; c < values.length; c++) values[c] = exp(values[c] - top);
}

/**
 * Make the values sum to a factor.
 * @param {Float64Array} values
 * @param {number} factor
 */
function scale(values, factor) {
  let total = 0;
  for (const value of values) total += value;
  const times = factor / total;
  for (let c = 0; c < values.length; c++) values[c] *= times;
}
