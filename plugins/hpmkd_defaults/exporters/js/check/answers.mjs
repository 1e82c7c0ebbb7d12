/**
 * Answer rows that came as JSON, which knows neither NaN nor infinity.
 * @param {any} student the default export of a student's module
 * @param {{ floats: boolean, cells: (number | string | null)[] }[]} given by column; among
 *   floats, null is NaN, and a text such as "-Infinity" the number of that name
 * @returns {{ codes: number[], probabilities: number[][] }}
 */
export function answers(student, given) {
  const names = student.columns.map((/** @type {{ name: string }} */ column) => column.name);
  const cells = given.map((column) => {
    if (!column.floats) return column.cells;
    return column.cells.map((cell) => (cell === null ? NaN : Number(cell)));
  });
  const rows = cells[0].map((_, i) => {
    return Object.fromEntries(cells.map((column, j) => [names[j], column[i]]));
  });
  return {
    codes: rows.map((row) => student.classes.indexOf(student.predict(row))),
    probabilities: student.predictProbaMany(rows),
  };
}
