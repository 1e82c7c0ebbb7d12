/**
 * The packed words of a student, or of a member of a pool: one buffer, seen as three kinds of
 * numbers. What stands where: hpmkd/student/packed/words.py.
 * @typedef {{ words: Uint32Array, floats: Float32Array, doubles: Float64Array }} Words
 */

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/**
 * Decode the words of a student.
 * @param {string} base64 a multiple of eight bytes, lowest byte first
 * @returns {Words}
 */
export function decode(base64) {
  if (new Uint8Array(new Uint32Array([1]).buffer)[0] !== 1) {
    throw new Error("this student needs a processor that stores the lowest byte first");
  }
  const values = new Uint8Array(128);
  for (let i = 0; i < 64; i++) values[ALPHABET.charCodeAt(i)] = i;
  const padding = base64.endsWith("==") ? 2 : base64.endsWith("=") ? 1 : 0;
  const bytes = new Uint8Array((base64.length / 4) * 3 - padding);
  for (let i = 0, at = 0; i < base64.length; i += 4, at += 3) {
    const first = (values[base64.charCodeAt(i)] << 6) | values[base64.charCodeAt(i + 1)];
    const last = (values[base64.charCodeAt(i + 2)] << 6) | values[base64.charCodeAt(i + 3)];
    bytes[at] = first >> 4;
    bytes[at + 1] = (first << 4) | (last >> 8);
    bytes[at + 2] = last; // nothing is written beyond the end
  }
  return viewed(bytes.buffer, 0, bytes.length / 4);
}

/**
 * See a part of a buffer as words.
 * @param {ArrayBuffer} buffer
 * @param {number} first its first word, an even number
 * @param {number} count how many words, an even number
 * @returns {Words}
 */
export function viewed(buffer, first, count) {
  return {
    words: new Uint32Array(buffer, 4 * first, count),
    floats: new Float32Array(buffer, 4 * first, count),
    doubles: new Float64Array(buffer, 4 * first, count / 2),
  };
}
