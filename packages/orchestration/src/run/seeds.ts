/**
 * A seed of its own for every member, so that adding or reordering members changes nothing for the others.
 *
 * FNV-1a (Fowler, Noll, Vo) over the text `seed/name`; 32 bits.
 */
export function seedFor(seed: number, name: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(`${seed}/${name}`)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
