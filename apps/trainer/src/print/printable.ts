import { displayName } from '@chorus/orchestration/display-name';

/** A text from outside on one line of a terminal: what has no shape of its own becomes a visible escape. */
export function printable(text: string): string {
  return displayName(text);
}

/** The same of an error's message; one that is made of several lines keeps them, and no others. */
export function printableMessage(error: Error & { lines?: readonly string[] }): string {
  return (error.lines ?? [error.message]).map(printable).join('\n');
}

/** The same of a text of several lines, which keeps these. */
export function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}
