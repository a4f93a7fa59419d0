/**
 * The anchor of a heading, as GitHub makes it: lower case, without punctuation, dashes in place of spaces.
 *
 * @example slugOf("What bfloat16 does to accuracy") // "what-bfloat16-does-to-accuracy"
 */
export function slugOf(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M} _-]/gu, '')
    .replaceAll(' ', '-');
}
