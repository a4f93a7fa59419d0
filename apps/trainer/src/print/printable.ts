import { displayName } from '@chorus/orchestration/display-name';

/** A text from outside on one line of a terminal: what has no shape of its own becomes a visible escape. */
export function printable(text: string): string {
  return displayName(text);
}

/** The same of a message of several lines, which keeps these. */
export function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}
