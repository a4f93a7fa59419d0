/** Represents graph outputs as tensor ids. */

/** Ids of symbols are below −1, which the binding never uses for tensors; tfjs-node disposes only ids from 0. */
export function idOf(output: number): number {
  return -2 - output;
}

export function outputOf(id: number): number {
  return -2 - id;
}

export function isSymbol(id: number): boolean {
  return id < -1;
}
