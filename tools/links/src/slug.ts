/**
 * Returns the anchor that GitHub creates for a heading: lower case, without punctuation, with dashes for spaces.
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
