/** Whether a text starts with a pattern in which `?` matches any character. */
export function startsLike(head: string, start: string): boolean {
  return Array.from(start, (character, index) => character === '?' || head[index] === character).every(Boolean);
}
