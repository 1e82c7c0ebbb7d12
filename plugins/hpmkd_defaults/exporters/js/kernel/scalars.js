/** The exponential and the logarithm of the student's own kernels, bit for bit. */

export const LARGEST = 1e300; // far beyond any margin
const LOG2_E = 1.4426950408889634;
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;
const EXPONENT_SHIFT = 6755399441055744 + 1023;

const double = new Float64Array(1);
const halves = new Uint32Array(double.buffer); // the lower half first

/**
 * Return e ** x.
 * @param {number} x
 */
export function exp(x) {
  x = x < -709.1 ? -709.1 : x;
  x = x > 710 ? 710 : x;
  const shifted = x * LOG2_E + EXPONENT_SHIFT;
  const k = shifted - EXPONENT_SHIFT;
  const r = x - k * LN2_HIGH - k * LN2_LOW;
  let p = 2.5100375832561234e-8 * r + 2.7620075879983367e-7;
  p = p * r + 2.7557268480310024e-6;
  p = p * r + 2.4801521322368692e-5;
  p = p * r + 0.00019841269863040545;
  p = p * r + 0.0013888888917196719;
  p = p * r + 0.008333333333330065;
  p = p * r + 0.041666666666624164;
  p = p * r + 0.16666666666666669;
  p = p * r + 0.5;
  double[0] = shifted;
  halves[1] = halves[0] << 20; // the exponent of the power of two
  halves[0] = 0;
  return (p * r * r + r + 1) * double[0];
}

/**
 * Return ln x.
 * @param {number} x a normal positive number
 */
export function log(x) {
  double[0] = x;
  const high = halves[1];
  const rounded = (high + 0x80000) >>> 0;
  const e = (rounded >>> 20) - 1023;
  halves[1] = high + 0x3ff00000 - ((rounded & 0xfff00000) >>> 0);
  const scaled = double[0];
  const f = (scaled - 1) / (scaled + 1);
  const s = f * f;
  let p = 0.075568404467656 * s + 0.07642116328550316;
  p = p * s + 0.09092294301902219;
  p = p * s + 0.11111091590340633;
  p = p * s + 0.14285714416339865;
  p = p * s + 0.19999999999672824;
  p = p * s + 0.33333333333333465;
  return e * LN2_HIGH + (2 * f + (2 * f * s * p + e * LN2_LOW));
}
