import { displayName } from '@chorus/orchestration/display-name';

/** Makes untrusted text safe to print on one line: control and invisible characters become visible escapes. */
export function printable(text: string): string {
  return displayName(text);
}

/** Makes an error's message printable; only the line breaks that the error itself declares are kept. */
export function printableMessage(error: Error & { lines?: readonly string[] }): string {
  return (error.lines ?? [error.message]).map(printable).join('\n');
}

/** Makes text of several lines printable and keeps its line breaks. */
export function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}
