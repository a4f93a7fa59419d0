/** Preset, config file, command line and environment → one checked experiment. */
import type { z } from 'zod';
import { ConfigError } from '../errors.ts';
import { describeUnknownKey } from './known-keys.ts';
import { type Experiment, experimentSchema, workersSchema } from './schema.ts';

type Json = string | number | boolean | null | undefined | Json[] | { [key: string]: Json };
type JsonObject = { [key: string]: Json };

/**
 * Merges layers, later ones over earlier ones, and checks the result. Objects are merged by key, but where a later one names
 * another `kind` it stands alone; everything else is taken whole.
 *
 * @param layers parts of an experiment, the weakest first.
 * @throws ConfigError naming each wrong field, what was expected and what came.
 */
export function resolveExperiment(...layers: readonly object[]): Experiment {
  const merged = mergeLayers(...layers) as JsonObject;
  const parsed = experimentSchema.safeParse(merged);
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.flatMap((issue) => describeIssue(issue, merged));
  throw invalid(lines);
}

/**
 * Merges layers, later ones over earlier ones; see {@link resolveExperiment}.
 *
 * @throws ConfigError naming a key that would change a prototype, or a value that is no plain data.
 */
export function mergeLayers(...layers: readonly object[]): object {
  for (const layer of layers) checkPlainData(layer);
  return layers.reduce<JsonObject>((below, above) => merge(below, above as JsonObject), {});
}

/**
 * Turns `path=value` (such as `recipe.batchSize=16`) into a layer for {@link resolveExperiment}.
 *
 * The value is read as JSON where it is JSON and as text otherwise; `members.0.alpha=0.5` is refused because arrays
 * are merged whole.
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
    // Not JSON: a plain word such as a path.
  }
  return keys.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value) as object;
}

/**
 * Reads a list of devices, such as `gpu:0,gpu:1`, or `auto`.
 *
 * @throws ConfigError when a name is not a device's.
 */
export function parseWorkers(list: string): Experiment['workers'] {
  const workers = list.trim() === 'auto' ? 'auto' : list.split(',').map((device) => ({ device: device.trim() }));
  const parsed = workersSchema.safeParse(workers);
  if (parsed.success) return parsed.data;
  throw new ConfigError(`Expected devices such as gpu:0,gpu:1 or cpu:1,cpu:2, or auto; received "${list}".`);
}

// --- internal ---

/** The schema has none of these keys, and assigning one of them would reach a prototype. */
function isReservedKey(key: string): boolean {
  return ['__proto__', 'constructor', 'prototype'].includes(key);
}

/** Deeper than any value of an experiment. */
const maxDepth = 32;

/**
 * Refuses what merging or the schema would pass over: reserved keys, and objects whose prototype carries values (in
 * TypeScript, `{ __proto__: … }` sets it). Level by level: recursion would exhaust the stack.
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
        throw invalid([`${where(path)}: expected plain data (received an object with a prototype of its own)`]);
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
  // Of any realm: a test runner or a loader may have another `Object`.
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

/** `stacking` of one kind knows other keys than of another. */
function changesKind(below: JsonObject, above: JsonObject): boolean {
  return above.kind !== undefined && below.kind !== undefined && above.kind !== below.kind;
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function describeIssue(issue: z.core.$ZodIssue, input: JsonObject): string[] {
  const where = issue.path.join('.');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => describeUnknownKey(issue.path, key));
  }
  if (issue.code === 'invalid_union') {
    const reasons = issue.errors.flat().filter((inner) => inner.code !== 'invalid_type');
    if (reasons.length > 0)
      return reasons.flatMap((inner) => describeIssue({ ...inner, path: [...issue.path, ...inner.path] }, input));
  }
  const received = valueAt(input, issue.path);
  const shown = received === undefined ? 'nothing' : String(JSON.stringify(received) ?? received);
  return [`${where === '' ? 'experiment' : where}: ${issue.message} (received ${shown.slice(0, 80)})`];
}

function valueAt(input: JsonObject, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined,
    input,
  );
}
