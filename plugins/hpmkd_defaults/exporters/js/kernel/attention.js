/** How much a member of a pool counts on a row, by what its own probabilities look like. */
import { exp } from "./scalars.js";

export const N_FEATURES = 3;
const MOST_DEVIATIONS = 5; // beyond which a feature means no more

/**
 * Return e to the score of a member.
 * @param {Float64Array} p its probabilities
 * @param {Float64Array} attention centers, 1 / scales, and the coefficients of member after member
 * @param {number} m
 */
export function attentionOf(p, attention, m) {
  let first = 0, second = 0, squares = 0;
  for (const x of p) {
    const low = x < first ? x : first;
    second = low > second ? low : second;
    first = x > first ? x : first;
    squares += x * x;
  }
  const own = (2 + m) * N_FEATURES;
  let score = attention[own] * deviation(first, attention, 0);
  score += attention[own + 1] * deviation(first - second, attention, 1);
  score += attention[own + 2] * deviation(1 - squares, attention, 2);
  return exp(score);
}

/**
 * Return a feature in standard deviations, within bounds.
 * @param {number} value
 * @param {Float64Array} attention
 * @param {number} feature
 */
function deviation(value, attention, feature) {
  let z = (value - attention[feature]) * attention[N_FEATURES + feature];
  z = z > -MOST_DEVIATIONS ? z : -MOST_DEVIATIONS;
  return z < MOST_DEVIATIONS ? z : MOST_DEVIATIONS;
}
