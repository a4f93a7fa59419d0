/** A text from outside on one line of a terminal: control characters become visible escapes. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

/** The same of a message of several lines, which keeps these. */
export function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}
