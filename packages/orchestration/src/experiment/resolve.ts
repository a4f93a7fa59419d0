/** Merges preset, config file, command line and environment into one validated experiment. */
import { checkValue, stackerKinds, type ValueMistake } from '@chorus/models';
import { ConfigError } from '../errors.ts';
import { describeUnknownKey } from './known-keys.ts';
import { type Experiment, experimentSchema } from './schema.ts';
import { workersSchema } from './workers.ts';

type Json = string | number | boolean | null | undefined | Json[] | { [key: string]: Json };
type JsonObject = { [key: string]: Json };

/**
 * Merges layers and validates the result. Later layers take precedence. Objects are merged by key, unless the later one has
 * another `kind`, which replaces the earlier object; all other values are replaced.
 *
 * @param layers partial experiments, in ascending precedence.
 * @throws ConfigError naming each invalid field, what was expected and what was received.
 */
export function resolveExperiment(...layers: readonly object[]): Experiment {
  const merged = withStackers(withStudentRecipe(mergeLayers(...layers) as JsonObject));
  const { data, mistakes } = checkValue(experimentSchema, merged);
  if (mistakes === undefined) return data;
  const rest = mistakes.length - maxMistakes;
  throw invalid([
    ...mistakes.slice(0, maxMistakes).map(describeMistake),
    ...(rest > 0 ? [`and ${rest} more mistakes`] : []),
  ]);
}

/**
 * Merges layers without validating the result; see {@link resolveExperiment}.
 *
 * @throws ConfigError naming a key that would change a prototype, or a value that is not plain data.
 */
export function mergeLayers(...layers: readonly object[]): object {
  for (const layer of layers) checkPlainData(layer);
  return layers.reduce<JsonObject>((below, above) => merge(below, above as JsonObject), {});
}

/**
 * Turns `path=value` (such as `recipe.batchSize=16`) into a layer for {@link resolveExperiment}.
 *
 * The value is parsed as JSON if it is valid JSON, and is a string otherwise. `members.0.alpha=0.5` is refused because a later
 * array replaces an earlier one.
 *
 * @throws ConfigError when there is no `=` or the path is empty or dangerous.
 */
export function parseAssignment(assignment: string): object {
  const equals = assignment.indexOf('=');
  const keys = assignment.slice(0, Math.max(equals, 0)).split('.');
  if (equals < 1 || keys.some((key) => !/^[A-Za-z_][A-Za-z0-9_]*$/.test(key)))
    throw new ConfigError(`Expected path=value, such as recipe.batchSize=16; received "${assignment}".`);
  const reserved = keys.findIndex((key) => isReservedKey(key));
  if (reserved >= 0) throw invalid([describeUnknownKey(keys.slice(0, reserved), keys[reserved]!)]);
  const text = assignment.slice(equals + 1);
  let value: unknown = text;
  try {
    value = JSON.parse(text);
  } catch {
    // Not JSON: a string, such as a path.
  }
  return keys.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value) as object;
}

/**
 * Reads a list of devices, such as `gpu:0,gpu:1`, or `auto`.
 *
 * @throws ConfigError for an invalid device name.
 */
export function parseWorkers(list: string): Experiment['workers'] {
  const workers = list.trim() === 'auto' ? 'auto' : list.split(',').map((device) => ({ device: device.trim() }));
  const parsed = workersSchema.safeParse(workers);
  if (parsed.success) return parsed.data;
  throw new ConfigError(`Expected devices such as gpu:0,gpu:1 or cpu:1,cpu:2, or auto; received "${list}".`);
}

// --- internal ---

/** Mistakes that are shown. */
const maxMistakes = 20;

/** Assigning one of these keys would change a prototype; the schema has none of them. */
function isReservedKey(key: string): boolean {
  return ['__proto__', 'constructor', 'prototype'].includes(key);
}

/** More levels than any valid experiment has. */
const maxDepth = 32;

/**
 * Refuses what merging or the schema would ignore: reserved keys, and objects whose prototype has values (in TypeScript,
 * `{ __proto__: … }` sets it). Works level by level, since recursion could exhaust the stack.
 */
function checkPlainData(layer: object): void {
  let level: { value: unknown; path: string[] }[] = [{ value: layer, path: [] }];
  for (let depth = 0; level.length > 0; depth += 1) {
    const where = (path: readonly string[]) => (path.length === 0 ? 'experiment' : path.join('.'));
    if (depth > maxDepth)
      throw invalid([`${where(level[0]!.path.slice(0, 3))}: expected at most ${maxDepth} levels of values`]);
    const next: typeof level = [];
    for (const { value, path } of level) {
      if (typeof value === 'bigint' || typeof value === 'symbol' || typeof value === 'function')
        throw invalid([`${where(path)}: expected plain data (received a ${typeof value})`]);
      if (typeof value !== 'object' || value === null) continue;
      if (!isPlain(value))
        throw invalid([`${where(path)}: expected plain data (received an object with a custom prototype)`]);
      for (const [key, inner] of Object.entries(value)) {
        if (isReservedKey(key)) throw invalid([describeUnknownKey(path, key)]);
        next.push({ value: inner, path: [...path, key] });
      }
    }
    level = next;
  }
}

function isPlain(value: object): boolean {
  if (Array.isArray(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  // From any realm: a test runner or loader may have its own `Object`.
  return prototype === null || Object.hasOwn(prototype as object, 'isPrototypeOf');
}

function invalid(lines: readonly string[]): ConfigError {
  return new ConfigError('The experiment is not valid:', lines);
}

function merge(below: JsonObject, above: JsonObject): JsonObject {
  const merged: JsonObject = { ...below };
  for (const [key, value] of Object.entries(above)) {
    if (value === undefined) continue;
    const present = Object.hasOwn(merged, key) ? merged[key] : undefined;
    merged[key] = isObject(present) && isObject(value) && !changesKind(present, value) ? merge(present, value) : value;
  }
  return merged;
}

/** Adds the stacker `features` to the default ones where backbones stay frozen, since only then can features be stacked. */
function withStackers(experiment: JsonObject): JsonObject {
  const { recipe, stackers, weights, flaws } = experiment;
  const fineTune = isObject(recipe) && isObject(recipe.fineTune) ? recipe.fineTune : {};
  const own = isObject(stackers) ? stackers : {};
  const isChosen = own.kinds !== undefined || (stackers !== undefined && !isObject(stackers));
  const trainsAll = weights === 'random' || (isObject(flaws) && flaws.wholeFromStart === true);
  if (isChosen || fineTune.lastLayers !== 0 || trainsAll) return experiment;
  return { ...experiment, stackers: { ...own, kinds: [...stackerKinds] } };
}

/** Completes the student's recipe with the experiment's. */
function withStudentRecipe(experiment: JsonObject): JsonObject {
  const { recipe, student } = experiment;
  if (!isObject(student) || !isObject(student.recipe) || !isObject(recipe)) return experiment;
  return { ...experiment, student: { ...student, recipe: merge(recipe, student.recipe) } };
}

/** The keys of `stacking` and of a schedule depend on its kind. */
function changesKind(below: JsonObject, above: JsonObject): boolean {
  return above.kind !== undefined && below.kind !== undefined && above.kind !== below.kind;
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function describeMistake({ path, isUnknownKey, message }: ValueMistake): string {
  if (isUnknownKey) return describeUnknownKey(path.slice(0, -1), String(path.at(-1)));
  return `${path.length === 0 ? 'experiment' : path.join('.')}: ${message}`;
}
