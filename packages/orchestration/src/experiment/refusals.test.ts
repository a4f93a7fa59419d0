/** What the schema refuses, at every key that it has. */
import { expect, it } from 'vitest';
import { z } from 'zod';
import { ConfigError } from '../errors.ts';
import { mobile } from './presets/mobile.ts';
import { resolveExperiment } from './resolve.ts';
import { experimentSchema } from './schema.ts';

interface Node {
  type?: string;
  const?: unknown;
  enum?: unknown[];
  minimum?: number;
  exclusiveMinimum?: number;
  maximum?: number;
  exclusiveMaximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  pattern?: string;
  items?: Node;
  properties?: Record<string, Node>;
  anyOf?: Node[];
  oneOf?: Node[];
}

type Path = (string | number)[];
interface Refusal {
  what: 'wrong type' | 'too small' | 'too large' | 'unknown';
  path: Path;
  value: unknown;
  /** Sets the value of the key in an experiment that is valid otherwise. */
  within: (value: unknown) => object;
}

const valid = resolveExperiment(
  mobile,
  { stacking: { kind: 'kfold' } },
  { student: { backbone: 'mobilenet-v2', recipe: {} }, workers: [{ device: 'cpu:0' }] },
);
const refusals = refusalsOf(z.toJSONSchema(experimentSchema, { io: 'input' }) as Node, [], (value) => value as object);

it('covers the keys of every part, numbers with both limits, lists and unions', () => {
  const keys = new Set(refusals.map(({ what, path }) => `${path.join('.')}: ${what}`));
  expect(keys.size).toBeGreaterThan(300);
  for (const key of [
    'seed: too small',
    'inputSize: too large',
    'members.0.alpha: too small',
    'recipe.fineTune.schedule.warmUp: too large',
    'recipe.augmentation.policy.magnitude: too large',
    'recipe.imbalance.gamma: too large',
    'stacking.folds: too small',
    'student.recipe.head.clipNorm: wrong type',
    'workers.0.memoryLimitMiB: too small',
    'members: too small',
    'stackers.kinds: too small',
    'data.source: too small',
    'calibration: unknown',
  ])
    expect(keys).toContain(key);
});

it('is refused in one line that names the key, what was expected and what was received', () => {
  for (const { what, path, value, within } of refusals) {
    const key = path.join('.');
    const error = errorOf(() => resolveExperiment(within(value)));
    expect(error, `${key}: ${what}`).toBeInstanceOf(ConfigError);
    const { lines } = error as ConfigError;
    expect(lines.slice(1), `${key}: ${what}`).toEqual([
      expect.stringMatching(new RegExp(`^ {2}${key.replaceAll('.', '\\.')}(\\.kind)?: expected .+ \\(received .+\\)$`)),
    ]);
    // The wording of the library, and values twice.
    expect(lines[1]).not.toMatch(
      /Too (small|big)|Invalid|Unrecognized|[<>]=?\d|expected (int|undefined)\b|received.*received/,
    );
    if (what === 'wrong type' || what === 'unknown') continue;
    // The limit, in digits.
    expect(lines[1]).toMatch(/expected .*(\d|empty)/);
  }
});

// --- internal ---

function errorOf(run: () => unknown): unknown {
  try {
    run();
    return undefined;
  } catch (error) {
    return error;
  }
}

function refusalsOf(node: Node, path: Path, within: (value: unknown) => object): Refusal[] {
  const own = { path, within };
  const branches = node.anyOf ?? node.oneOf;
  if (branches !== undefined)
    return [
      { ...own, what: 'wrong type', value: wrongTypeOf(branches.flatMap((one) => one.anyOf ?? one.oneOf ?? [one])) },
      ...branches.flatMap((branch) => {
        const inner = refusalsOf(branch, path, within);
        // The value may be one of another branch.
        return inner.filter((one) => one.path !== path || one.what === 'too small' || one.what === 'too large');
      }),
    ];
  const wrongType: Refusal = { ...own, what: 'wrong type', value: wrongTypeOf([node]) };
  if ('const' in node) return [];
  if (node.enum !== undefined) return [wrongType, { ...own, what: 'unknown', value: 'no-such-value' }];
  switch (node.type) {
    case 'object':
      return [...(path.length === 0 ? [] : [wrongType]), ...refusalsInObject(node, path, within)];
    case 'array':
      return [wrongType, ...refusalsInList(node, path, within)];
    case 'integer':
    case 'number':
      return [wrongType, ...numbersOutside(node).map((one) => ({ ...own, ...one }))];
    case 'string':
      return [
        wrongType,
        ...((node.minLength ?? 0) > 0 ? [{ ...own, what: 'too small' as const, value: '' }] : []),
        ...(node.maxLength === undefined
          ? []
          : [{ ...own, what: 'too large' as const, value: 'x'.repeat(node.maxLength + 1) }]),
        ...(node.pattern === undefined ? [] : [{ ...own, what: 'unknown' as const, value: '\n' }]),
      ];
    default:
      return [wrongType];
  }
}

function refusalsInObject({ properties = {} }: Node, path: Path, within: Refusal['within']): Refusal[] {
  const constants = Object.fromEntries(
    Object.entries(properties).flatMap(([key, one]) => ('const' in one ? [[key, one.const]] : [])),
  );
  return Object.entries(properties).flatMap(([key, inner]) =>
    refusalsOf(inner, [...path, key], (value) => {
      const there = valueAt(valid, path);
      const isSame = isObject(there) && Object.entries(constants).every(([name, constant]) => there[name] === constant);
      return within({ ...(isSame ? there : constants), [key]: value });
    }),
  );
}

function refusalsInList(node: Node, path: Path, within: Refusal['within']): Refusal[] {
  const own = { path, within };
  const entries = valueAt(valid, path) as unknown[];
  const { items = {}, minItems = 0, maxItems = 100 } = node;
  return [
    ...(minItems > 0 ? [{ ...own, what: 'too small' as const, value: entries.slice(0, minItems - 1) }] : []),
    ...(node.maxItems === undefined
      ? []
      : [{ ...own, what: 'too large' as const, value: Array.from({ length: maxItems + 1 }, () => entries[0]) }]),
    ...refusalsOf(items, [...path, 0], (value) => within([value, ...entries.slice(1)])),
  ];
}

function numbersOutside(node: Node): Pick<Refusal, 'what' | 'value'>[] {
  const small = node.exclusiveMinimum ?? below(node.minimum);
  const large = node.exclusiveMaximum ?? above(node.maximum);
  return [
    ...(small === undefined ? [] : [{ what: 'too small' as const, value: small }]),
    ...(large === undefined ? [] : [{ what: 'too large' as const, value: large }]),
  ];
}

/** Whole numbers always have the limits of safe integers. */
function below(minimum?: number): number | undefined {
  return minimum === undefined || minimum === Number.MIN_SAFE_INTEGER ? undefined : minimum - 1;
}

function above(maximum?: number): number | undefined {
  return maximum === undefined || maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum + 1;
}

/** A value of a type that none of the schemas has. */
function wrongTypeOf(nodes: readonly Node[]): unknown {
  const types = new Set(
    nodes.flatMap(({ type, enum: values = [], ...node }) => [
      type ?? typeof ('const' in node ? node.const : values[0]),
    ]),
  );
  if (!types.has('string')) return 'text';
  if (!types.has('number') && !types.has('integer')) return 0.5;
  return types.has('boolean') ? [[]] : true;
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (inner, key) => (isObject(inner) ? (inner as Record<string | number, unknown>)[key] : undefined),
    value,
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
