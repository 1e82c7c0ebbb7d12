/** Trees: which leaf a row ends in, and the sums of leaves, in float32. */

const WALKED = 5; // the form of trees that are walked node by node

/**
 * Return what writes the cells that trees compare; NaN becomes what takes its default direction.
 * @param {import("./words.js").Words} student
 * @returns {(row: Float64Array) => Float32Array}
 */
export function cellsOf({ words, doubles }) {
  const n = words[5], columns = words[6], low = words[9], high = words[11];
  const offsets = words[columns + n];
  const cells = new Float32Array(n);
  return (row) => {
    for (let k = 0; k < high; k++) {
      const x = Math.fround(row[words[columns + k]] - doubles[offsets + k]);
      cells[k] = x === x ? x : k < low ? -Infinity : Infinity;
    }
    for (let k = high; k < n; k++) {
      const x = row[words[columns + k]];
      cells[k] = x === x ? Infinity : -Infinity;
    }
    return cells;
  };
}

/**
 * Return what finds the word of the leaf of a tree.
 * @param {import("./words.js").Words} student
 * @returns {(cells: Float32Array, tree: number) => number}
 */
export function leafFinder({ words, floats }) {
  const depth = words[3], trees = words[8];
  if (depth === WALKED) {
    return (cells, tree) => {
      const root = words[trees + tree]; // the place before the first node
      for (let at = root + 3; ; ) {
        const node = words[at];
        const child = (node >>> 16) + (cells[node & 0xffff] < floats[at + 1] ? 0 : 1);
        const next = root + 3 * child;
        if (next === at) return at + 2;
        at = next;
      }
    };
  }
  const inner = 2 ** depth - 1, size = 3 * inner + 1;
  return (cells, tree) => {
    const at = trees + tree * size;
    let k = 0;
    for (let level = 0; level < depth; level++) {
      k = 2 * k + (cells[words[at + k]] < floats[at + inner + k] ? 1 : 2);
    }
    return at + inner + k;
  };
}

/**
 * Return where the trees of a margin start: its base, or its clipped linear margin.
 * @param {import("./words.js").Words} student
 * @param {number} c the margin
 * @param {number} linear
 */
export function startOf({ words, floats }, c, linear) {
  const limits = words[12];
  if (!limits) return floats[words[10] + c];
  const start = Math.fround(linear), low = floats[limits + c], high = floats[limits + words[1] + c];
  const raised = start < low ? low : start;
  return raised > high ? high : raised;
}

/**
 * Return what adds trees with one value in a leaf, one by one; null without them.
 * @param {import("./words.js").Words} student
 * @returns {import("./linear.js").Step | null}
 */
export function treeStep(student) {
  const { words, floats } = student;
  if (!words[3] || words[23]) return null;
  const read = cellsOf(student), leafOf = leafFinder(student), first = words[7];
  return (row, margins) => {
    const cells = read(row);
    for (let c = 0; c < margins.length; c++) {
      let total = startOf(student, c, margins[c]);
      const stop = words[first + c + 1];
      for (let t = words[first + c]; t < stop; t++) {
        total = Math.fround(total + floats[leafOf(cells, t)]);
      }
      margins[c] = total;
    }
  };
}
