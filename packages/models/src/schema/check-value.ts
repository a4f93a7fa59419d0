/** Checks values from outside, such as files, and describes in one line each what is wrong with them. */
import { z } from 'zod';
import { expectedText, nodesAt, type SchemaNode } from './expected-text.ts';

/** What a schema refuses at a key. */
export interface ValueMistake {
  path: PropertyKey[];
  /** Whether the schema has no such key. */
  isUnknownKey: boolean;
  /** Without the key, such as "expected a whole number from 1 to 20 (received 0)". */
  message: string;
}

/**
 * Checks a value.
 *
 * A message that the schema gives itself replaces what was expected. With `params: { isComplete: true }`, it also says what was received.
 *
 * @param schema its messages, if any, say what was expected, such as "expected a color".
 */
export function checkValue<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
): { data: z.output<Schema>; mistakes?: never } | { data?: never; mistakes: ValueMistake[] } {
  const parsed = schema.safeParse(value, { error: () => noMessage });
  if (parsed.success) return { data: parsed.data };
  const root = jsonSchemaOf(schema);
  return { mistakes: parsed.error.issues.flatMap((issue) => mistakesOf(issue, [], { root, value })) };
}

/** Mistakes of a file on one line: the first ones, and the number of the others. */
export function mistakesLine(mistakes: readonly ValueMistake[]): string {
  const shown = mistakes
    .slice(0, shownMistakes)
    .map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`));
  const rest = mistakes.length - shown.length;
  return `${shown.join('; ')}${rest === 0 ? '' : `; and ${rest} more`}`;
}

// --- internal ---

const shownMistakes = 3;

/** In place of the library's messages; those of a schema are kept. */
const noMessage = '';

const generated = new WeakMap<z.ZodType, SchemaNode>();

/** Generated once per schema, which takes milliseconds. */
function jsonSchemaOf(schema: z.ZodType): SchemaNode {
  const root = generated.get(schema) ?? (z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as SchemaNode);
  generated.set(schema, root);
  return root;
}

interface Checked {
  root: SchemaNode;
  value: unknown;
}

/** @param parent path to the value in which the issue's path starts. */
function mistakesOf(issue: z.core.$ZodIssue, parent: readonly PropertyKey[], checked: Checked): ValueMistake[] {
  const path = [...parent, ...issue.path];
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ path: [...path, key], isUnknownKey: true, message: 'unknown key' }));
  if (issue.code === 'invalid_union') {
    const inside = issue.errors.find((errors) => errors.length > 0 && errors.every(isInside));
    if (inside !== undefined) return inside.flatMap((one) => mistakesOf(one, path, checked));
  }
  const expected =
    issue.message === noMessage ? `expected ${expectedText(nodesAt(checked.root, path))}` : issue.message;
  return [{ path, isUnknownKey: false, message: `${expected}${receivedText(issue, path, checked.value)}` }];
}

/** Whether an alternative of a union accepts the type of the value, but not what is inside. */
function isInside({ code, path }: z.core.$ZodIssue): boolean {
  return path.length > 0 || code === 'unrecognized_keys';
}

function receivedText(issue: z.core.$ZodIssue, path: readonly PropertyKey[], value: unknown): string {
  if (issue.code === 'custom' && issue.params?.isComplete === true) return '';
  const received = path.reduce<unknown>(
    (inner, key) =>
      typeof inner === 'object' && inner !== null ? (inner as Record<PropertyKey, unknown>)[key] : undefined,
    value,
  );
  if (Array.isArray(received) && path.length === 0) return ` (received a list of ${received.length})`;
  // A whole file is too much.
  if (typeof received === 'object' && received !== null && path.length === 0) return '';
  return ` (received ${shortened(describe(received))})`;
}

function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  // JSON has no NaN.
  if (typeof value === 'number') return String(value);
  try {
    return String(JSON.stringify(value) ?? value);
  } catch (error) {
    // The stack is too small for it.
    if (error instanceof RangeError) return 'a deeply nested value';
    throw error;
  }
}

const maximumLength = 80;

function shortened(text: string): string {
  return text.length <= maximumLength ? text : `${text.slice(0, maximumLength - 1)}…`;
}
