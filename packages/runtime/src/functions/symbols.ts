/** Outputs of a graph as ids of tensors. */

/** Symbols' ids are below −1, which no tensor of the binding has; tfjs-node disposes ids from 0. */
export function idOf(output: number): number {
  return -2 - output;
}

export function outputOf(id: number): number {
  return -2 - id;
}

export function isSymbol(id: number): boolean {
  return id < -1;
}
