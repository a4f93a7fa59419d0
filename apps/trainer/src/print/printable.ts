import { displayName } from '@chorus/orchestration/display-name';

/** Untrusted text for one line of a terminal: invisible characters become visible escapes. */
export function printable(text: string): string {
  return displayName(text);
}

/** {@link printable} for an error's message, which keeps only the line breaks between its `lines`. */
export function printableMessage(error: Error & { lines?: readonly string[] }): string {
  return (error.lines ?? [error.message]).map(printable).join('\n');
}

/** {@link printable} for text of several lines. */
export function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}
