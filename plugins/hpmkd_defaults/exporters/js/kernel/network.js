/** Margins of a small network, in float32: every sum is rounded as the student rounds it. */
import { scaled } from "./linear.js";

const LARGEST_INPUT = 1e4;
const { fround } = Math;

/**
 * Return what writes the margins of a network; null without one.
 * @param {import("./words.js").Words} student
 * @returns {import("./linear.js").Step | null}
 */
export function networkStep(student) {
  const { words, floats } = student;
  const at = words[22];
  if (!at) return null;
  const nLayers = words[at];
  const sizes = [...words.subarray(at + 1, at + 2 + nLayers)];
  const widest = Math.max(...sizes);
  const inputs = new Float32Array(widest), sums = new Float32Array(widest);
  return (row, margins) => {
    encode(student, row, inputs);
    let place = at + nLayers + 2;
    for (let layer = 0; layer < nLayers; layer++) {
      const below = sizes[layer], above = sizes[layer + 1];
      addLayer(floats, place, inputs, below, sums, above);
      place += below * above + above;
      if (layer + 1 === nLayers) break;
      for (let j = 0; j < above; j++) inputs[j] = sums[j] > 0 ? sums[j] : 0;
    }
    for (let c = 0; c < margins.length; c++) margins[c] = sums[c];
  };
}

/**
 * Write the columns that a network reads, squashed.
 * @param {import("./words.js").Words} student
 * @param {Float64Array} row
 * @param {Float32Array} inputs
 */
function encode({ words, doubles }, row, inputs) {
  let n = 0;
  for (let at = words[15]; n < words[13]; at += 5) {
    const x = scaled(row[words[words[14] + n]], doubles, at);
    const low = x > -LARGEST_INPUT ? x : -LARGEST_INPUT;
    inputs[n++] = low < LARGEST_INPUT ? low : LARGEST_INPUT;
  }
  for (let i = 0; i < words[16]; i++) {
    const x = row[words[words[17] + i]];
    inputs[n++] = x === x ? 0 : 1;
  }
  for (let i = 0, at = words[20]; i < words[19]; i++, at += 3) {
    const x = row[words[at]], levels = words[at + 1];
    inputs.fill(0, n, n + levels);
    if (x >= 0 && x < levels) inputs[n + x] = 1;
    n += levels;
  }
  for (let i = 0; i < n; i++) {
    const third = fround(inputs[i] / 3);
    inputs[i] = fround(inputs[i] / fround(Math.sqrt(fround(1 + fround(third * third)))));
  }
}

/**
 * Write the sums of a layer: four inputs at a time, in pairs.
 * @param {Float32Array} floats
 * @param {number} place where its weights begin, input by input, and behind them its biases
 * @param {Float32Array} inputs
 * @param {number} below how many inputs
 * @param {Float32Array} sums
 * @param {number} above how many sums
 */
function addLayer(floats, place, inputs, below, sums, above) {
  for (let j = 0; j < above; j++) sums[j] = floats[place + below * above + j];
  let i = 0, w = place;
  for (; i + 4 <= below; i += 4, w += 4 * above) {
    const a = inputs[i], b = inputs[i + 1], c = inputs[i + 2], d = inputs[i + 3];
    for (let j = 0; j < above; j++) {
      const first = fround(fround(a * floats[w + j]) + fround(b * floats[w + above + j]));
      const third = fround(c * floats[w + 2 * above + j]);
      const last = fround(third + fround(d * floats[w + 3 * above + j]));
      sums[j] += fround(first + last);
    }
  }
  for (; i < below; i++, w += above) {
    const a = inputs[i];
    for (let j = 0; j < above; j++) sums[j] += fround(a * floats[w + j]);
  }
}
