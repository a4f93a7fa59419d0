/** Suggestions for unknown keys of an experiment. */
import { distance } from 'fastest-levenshtein';
import { experimentJsonSchema } from './experiment-file.ts';
import { renamedKey } from './renamed.ts';

/** The message for a key that the schema does not have at this path, with a suggestion. */
export function describeUnknownKey(parent: readonly PropertyKey[], wholeKey: string): string {
  // No known key is so long, and comparing it would take long.
  const key = wholeKey.slice(0, 80);
  const path = [...parent, key].join('.');
  const renamed = renamedKey(path);
  if (renamed !== undefined) return `${path}: this key is now called ${renamed}`;
  const known = knownKeys(parent).filter((one) => one !== key);
  const near = known.toSorted((a, b) => distance(a, key) - distance(b, key))[0];
  if (near !== undefined && distance(near, key) <= Math.max(2, key.length / 3))
    return `${path}: unknown key; did you mean "${near}"?`;
  // The student's recipe has the keys of the experiment's.
  const elsewhere = pathsTo(key).filter((one) => one !== path && !one.startsWith('student.recipe.'));
  if (elsewhere.length > 0) return `${path}: unknown key; did you mean ${elsewhere.join(' or ')}?`;
  return `${path}: unknown key; known here: ${known.filter((one) => one !== '$schema').join(', ') || 'none'}`;
}

// --- internal ---

type Node = { properties?: Record<string, Node>; items?: Node; anyOf?: Node[]; oneOf?: Node[] };

/** Generated once: generating it takes milliseconds, and a mistake may need it several times. */
function schema(): Node {
  generated ??= experimentJsonSchema() as Node;
  return generated;
}

let generated: Node | undefined;

/** A node and, if it is a union, its alternatives. */
function branches(node: Node): Node[] {
  return [node, ...[...(node.anyOf ?? []), ...(node.oneOf ?? [])].flatMap(branches)];
}

/** The keys that the schema has at a path, in any of its alternatives. */
function knownKeys(path: readonly PropertyKey[]): string[] {
  const found = path.reduce<Node[]>(
    (nodes, key) =>
      nodes
        .flatMap(branches)
        .map((branch) => (typeof key === 'number' ? branch.items : ownProperty(branch.properties, String(key))))
        .filter((one) => one !== undefined),
    [schema()],
  );
  return [...new Set(found.flatMap(branches).flatMap((node) => Object.keys(node.properties ?? {})))];
}

/** Every path, except in arrays, at which the schema has a key: `recipe.batchSize` for `batchSize`. */
function pathsTo(key: string): string[] {
  const search = (node: Node, path: readonly string[]): string[] =>
    branches(node).flatMap(({ properties = {} }) =>
      Object.entries(properties).flatMap(([name, inner]) => [
        ...(name.toLowerCase() === key.toLowerCase() ? [[...path, name].join('.')] : []),
        ...search(inner, [...path, name]),
      ]),
    );
  return [...new Set(search(schema(), []))];
}

function ownProperty<T>(record: Record<string, T> | undefined, key: string): T | undefined {
  return record !== undefined && Object.hasOwn(record, key) ? record[key] : undefined;
}
