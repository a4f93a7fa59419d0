/** Reads untrusted JSON: limits size and depth, and rejects keys that could pollute prototypes. */
import { StorageError } from './errors.ts';
import { readRegularFile } from './regular-file.ts';

/** The description of a bundle of a hundred models takes a few megabytes. */
const maxJsonBytes = 64 * 2 ** 20;

/** More than the depth of any file that Chorus writes. */
const maxDepth = 64;

const refusedKeys: readonly string[] = ['__proto__', 'constructor', 'prototype'];

/**
 * Reads and parses a JSON file.
 *
 * @throws StorageError naming the file if it is unreadable, not a regular file, too large, or rejected by
 * {@link parseJson}.
 */
export async function readJsonFile(path: string): Promise<unknown> {
  return parseJson(await readRegularFile(path, { maxBytes: maxJsonBytes }), path);
}

/**
 * Parses JSON in UTF-8.
 *
 * @param source names the JSON in error messages, for example the path of its file.
 * @throws StorageError for more than 64 MiB, invalid JSON, more than 64 levels, or one of the keys `__proto__`,
 * `constructor` and `prototype`.
 */
export function parseJson(content: Uint8Array, source: string): unknown {
  if (content.length > maxJsonBytes)
    throw new StorageError(`${source}: expected at most ${maxJsonBytes} bytes of JSON, received ${content.length}.`);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(content));
  } catch (error) {
    throw new StorageError(`${source}: invalid JSON: ${(error as Error).message}.`, { cause: error });
  }
  checkStructure(value, source);
  return value;
}

// --- internal ---

/** Iterates level by level: recursion would overflow the stack on deeply nested input. */
function checkStructure(value: unknown, source: string): void {
  let level = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > maxDepth) throw new StorageError(`${source}: expected at most ${maxDepth} levels of nested JSON.`);
    const next: unknown[] = [];
    for (const parent of level) {
      if (typeof parent !== 'object' || parent === null) continue;
      if (!Array.isArray(parent)) {
        const key = refusedKeys.find((refused) => Object.hasOwn(parent, refused));
        if (key !== undefined) throw new StorageError(`${source}: unknown key "${key}".`);
      }
      for (const child of Object.values(parent)) if (typeof child === 'object' && child !== null) next.push(child);
    }
    level = next;
  }
}
