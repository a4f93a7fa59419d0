/**
 * Derives a seed for each name, so that draws do not depend on the order in which layers are built: the 32-bit FNV-1a hash
 * (Fowler, Noll, Vo) of the text `seed/name`.
 *
 * @returns a signed 32-bit integer.
 */
export function streamSeed(seed: number, name: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(`${seed}/${name}`)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash | 0;
}
