/**
 * Names of the columns of classes in a CSV table: the class itself or, if a column of the table may have that name, with `class:` in
 * front, as often as it takes to differ from all other columns.
 *
 * @param others names of the table's other columns, including those that it does not always have.
 */
export function classColumns(classes: readonly string[], others: readonly string[]): string[] {
  const taken = new Set([...others, ...classes]);
  return classes.map((name) => {
    if (!others.includes(name)) return name;
    let column = name;
    while (taken.has(column)) column = `class:${column}`;
    taken.add(column);
    return column;
  });
}
