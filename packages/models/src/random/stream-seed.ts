/**
 * A seed of its own for every name, so that no draw depends on the order in which things are built: FNV-1a (Fowler, Noll,
 * Vo; 32 bits) over the text `seed/name`.
 *
 * @returns a whole number of 32 bits, signed.
 */
export function streamSeed(seed: number, name: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(`${seed}/${name}`)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash | 0;
}
