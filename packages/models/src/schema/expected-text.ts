/** What a schema accepts, in words: "a whole number from 1 to 20", "true or false", "a string or null". */

/** The parts of a JSON schema that are described. */
export interface SchemaNode {
  type?: string;
  const?: unknown;
  enum?: readonly unknown[];
  minimum?: number;
  exclusiveMinimum?: number;
  maximum?: number;
  exclusiveMaximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  items?: SchemaNode;
  prefixItems?: readonly SchemaNode[];
  properties?: Readonly<Record<string, SchemaNode>>;
  additionalProperties?: SchemaNode | boolean;
  anyOf?: readonly SchemaNode[];
  oneOf?: readonly SchemaNode[];
  allOf?: readonly SchemaNode[];
}

/** What any of these schemas accepts. */
export function expectedText(nodes: readonly SchemaNode[]): string {
  const texts = [...new Set(nodes.flatMap(alternatives).flatMap(textsOf))];
  if (texts.length === 0) return 'another value';
  const last = texts.pop()!;
  return texts.length === 0 ? last : `${texts.join(', ')} or ${last}`;
}

/** The schemas of the value at a path: several if unions have several alternatives with this key. */
export function nodesAt(root: SchemaNode, path: readonly PropertyKey[]): SchemaNode[] {
  return path.reduce<SchemaNode[]>(
    (nodes, key) => nodes.flatMap(alternatives).flatMap((node) => inner(node, key)),
    [root],
  );
}

// --- internal ---

/** A schema without unions: all alternatives of a union. */
function alternatives(node: SchemaNode): SchemaNode[] {
  const parts = node.anyOf ?? node.oneOf ?? node.allOf;
  return parts === undefined ? [node] : parts.flatMap(alternatives);
}

function inner({ items, prefixItems, properties = {}, additionalProperties }: SchemaNode, key: PropertyKey) {
  if (typeof key === 'number') return [prefixItems?.[key] ?? items].filter((node) => node !== undefined);
  if (Object.hasOwn(properties, key)) return [properties[String(key)]!];
  return typeof additionalProperties === 'object' ? [additionalProperties] : [];
}

function textsOf(node: SchemaNode): string[] {
  if ('const' in node) return [JSON.stringify(node.const)];
  if (node.enum !== undefined) return node.enum.map((value) => JSON.stringify(value));
  switch (node.type) {
    case 'boolean':
      return ['true', 'false'];
    case 'null':
      return ['null'];
    case 'integer':
      return [`a whole number${range(node)}`];
    case 'number':
      return [`a number${range(node)}`];
    case 'string':
      return [`a string${counted('character', node.minLength, node.maxLength)}`];
    case 'array':
      return [`a list${counted(node.items?.type === 'string' ? 'string' : 'entry', node.minItems, node.maxItems)}`];
    case 'object':
      return [objectText(node)];
    default:
      return [];
  }
}

/** Objects of a union differ by the constants of a key, such as `kind`. */
function objectText({ properties = {} }: SchemaNode): string {
  const fixed = Object.entries(properties).flatMap(([key, node]) =>
    'const' in node ? [`${key}: ${JSON.stringify(node.const)}`] : [],
  );
  return fixed.length === 0 ? 'an object' : `an object with ${fixed.join(', ')}`;
}

function range({ minimum, exclusiveMinimum, maximum, exclusiveMaximum }: SchemaNode): string {
  const [least, most] = [limit(minimum), limit(maximum)];
  if (least !== undefined && most !== undefined) return ` from ${least} to ${most}`;
  const limits = [
    ...(exclusiveMinimum === undefined ? [] : [`above ${exclusiveMinimum}`]),
    ...(least === undefined ? [] : [`of at least ${least}`]),
    ...(exclusiveMaximum === undefined ? [] : [`below ${exclusiveMaximum}`]),
    ...(most === undefined ? [] : [`of at most ${most}`]),
  ];
  return limits.length === 0 ? '' : ` ${limits.join(' and ')}`;
}

/** Undefined for the limits that every whole number has. */
function limit(value: number | undefined): number | undefined {
  return value === undefined || Math.abs(value) === Number.MAX_SAFE_INTEGER ? undefined : value;
}

function counted(unit: 'character' | 'string' | 'entry', least = 0, most = Number.POSITIVE_INFINITY): string {
  const units = (count: number) =>
    count === 1 ? `1 ${unit}` : `${count} ${unit === 'entry' ? 'entries' : `${unit}s`}`;
  if (least === most) return ` of ${units(least)}`;
  if (least > 0 && Number.isFinite(most)) return ` of ${least} to ${units(most)}`;
  if (least > 0) return ` of at least ${units(least)}`;
  return Number.isFinite(most) ? ` of at most ${units(most)}` : '';
}
