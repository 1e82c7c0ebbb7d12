/** Trees whose leaves hold a value per margin. */
import { cellsOf, leafFinder, startOf } from "./trees.js";

/**
 * Return what adds such trees, one by one; null without them.
 * @param {import("./words.js").Words} student
 * @returns {import("./linear.js").Step | null}
 */
export function vectorStep(student) {
  const { words, floats } = student;
  if (!words[3] || !words[23]) return null;
  const read = cellsOf(student), leafOf = leafFinder(student), nTrees = words[4];
  const sums = new Float32Array(words[1]);
  return (row, margins) => {
    const cells = read(row);
    for (let c = 0; c < sums.length; c++) sums[c] = startOf(student, c, margins[c]);
    for (let t = 0; t < nTrees; t++) {
      const leaf = words[leafOf(cells, t)];
      for (let c = 0; c < sums.length; c++) sums[c] += floats[leaf + c];
    }
    margins.set(sums);
  };
}
