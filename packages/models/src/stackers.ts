/** The stackers alone, for threads that have no use for tfjs and the time it takes to load. */
export type { DenseFitOptions } from './stackers/dense.ts';
export { fitStacker, type StackerJson, type StackerKind } from './stackers/stacker.ts';
