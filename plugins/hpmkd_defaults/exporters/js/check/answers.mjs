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
  // One object for all rows: to make one of thousands of columns takes longer than to answer.
  const row = Object.fromEntries(names.map((name) => [name, null]));
  const codes = [], probabilities = [];
  for (let i = 0; i < cells[0].length; i++) {
    for (let j = 0; j < names.length; j++) row[names[j]] = cells[j][i];
    codes.push(student.classes.indexOf(student.predict(row)));
    probabilities.push(student.predictProba(row));
  }
  return { codes, probabilities };
}
