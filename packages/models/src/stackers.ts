/** The stackers alone, for threads that do not need tfjs: it takes long to load. */
export type { LossCurve } from './stackers/definition.ts';
export type { MemberFeatures } from './stackers/outputs.ts';
export { fitStacker } from './stackers/stacker.ts';
export type { StackerJson, StackerKind, StackerOptions } from './stackers/table.ts';
