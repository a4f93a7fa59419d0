/** Table of all stackers. */
import { z } from 'zod';
import type { StackerDefinition } from './definition.ts';
import { dense } from './dense.ts';
import { features } from './features.ts';
import { greedy } from './greedy.ts';
import { logistic } from './logistic.ts';
import { mean } from './mean.ts';
import { weighted } from './weighted.ts';

/** A new stacker is a file beside this one and a line here. Reports list stackers in this order by default. */
const table = { mean, weighted, greedy, dense, logistic, features };

type StackerTable = typeof table;
export type StackerKind = keyof StackerTable;
export const stackerKinds = Object.keys(table) as readonly StackerKind[] as readonly [StackerKind, ...StackerKind[]];

/** The stackers that read the members' logits; the others read their features, which not every run has. */
export const logitStackerKinds = stackerKinds.filter((kind) => !('membersRead' in table[kind]));

/** A fitted stacker as plain JSON. */
export type StackerJson = z.output<StackerTable[StackerKind]['stateSchema']>;

/** Types of state and options are erased: a state's `kind` identifies its definition. */
export const stackerTable: Readonly<Record<StackerKind, StackerDefinition<StackerJson, unknown>>> = table;

const [firstSchema, ...otherSchemas] = Object.values(table).map(({ stateSchema }) => stateSchema);
export const stackerJsonSchema: z.ZodType<StackerJson> = z.discriminatedUnion('kind', [firstSchema!, ...otherSchemas]);

type KindWithOptions = {
  [Kind in StackerKind]: 'optionsSchema' extends keyof StackerTable[Kind] ? Kind : never;
}[StackerKind];

/** Options of a fit by kind; a kind that is omitted takes its defaults. */
export type StackerOptions = {
  [Kind in KindWithOptions]?: StackerTable[Kind]['defaultOptions'] | undefined;
};

/** The options that an experiment sets in `stackers.<kind>`, by kind. */
export const stackerOptionSchemas = Object.fromEntries(
  Object.entries(stackerTable).flatMap(([kind, { optionsSchema }]) =>
    optionsSchema === undefined ? [] : [[kind, optionsSchema]],
  ),
) as { [Kind in KindWithOptions]: StackerTable[Kind]['optionsSchema'] };
