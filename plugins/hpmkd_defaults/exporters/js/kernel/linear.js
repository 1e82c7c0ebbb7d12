/** Linear margins. */

/**
 * @typedef {(row: Float64Array, margins: Float64Array) => void} Step what a part of a model does
 */

/**
 * Return what writes linear margins, adding the encoded columns from left to right; null without.
 * @param {import("./words.js").Words} student
 * @returns {Step | null}
 */
export function linearStep({ words, doubles }) {
  const width = words[1], intercept = words[21];
  if (!intercept) return null;
  return (row, margins) => {
    for (let c = 0; c < width; c++) margins[c] = doubles[intercept + c];
    for (let i = 0, at = words[15]; i < words[13]; i++, at += 5 + width) {
      const x = scaled(row[words[words[14] + i]], doubles, at);
      for (let c = 0; c < width; c++) margins[c] += x * doubles[at + 5 + c];
    }
    for (let i = 0, at = words[18]; i < words[16]; i++, at += width) {
      const x = row[words[words[17] + i]];
      if (x !== x) for (let c = 0; c < width; c++) margins[c] += doubles[at + c];
    }
    for (let i = 0, at = words[20]; i < words[19]; i++, at += 3) {
      const x = row[words[at]];
      if (!(x >= 0 && x < words[at + 1])) continue;
      const table = words[at + 2] + x * width;
      for (let c = 0; c < width; c++) margins[c] += doubles[table + c];
    }
  };
}

/**
 * Return a cell imputed, clipped and standardised.
 * @param {number} x
 * @param {Float64Array} doubles
 * @param {number} at where median, low, high, scale and centre / scale of its column stand
 */
export function scaled(x, doubles, at) {
  x = x !== x ? doubles[at] : x;
  x = x < doubles[at + 1] ? doubles[at + 1] : x;
  x = x > doubles[at + 2] ? doubles[at + 2] : x;
  return (x + 0) / doubles[at + 3] - doubles[at + 4];
}
