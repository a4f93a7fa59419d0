/** Lines of a README that list classes, as code: their names may contain Markdown or HTML. */
export function classesText(classes: readonly string[]): string[] {
  return ['Classes, in the order of every output:', '', '```json', JSON.stringify(classes), '```'];
}
