/** Parses untrusted JSON: limits its size, depth and number of values before parsing. Also for browsers. */
import { StorageError } from './errors.ts';

/** Limits of {@link exceededJsonLimit}. */
export interface JsonLimits {
  /** Levels of nested arrays and objects. */
  depth: number;
  /** Numbers, strings, literals, arrays and objects together. */
  values: number;
  /** Arrays and objects: empty ones take a hundred bytes of memory for two of text. */
  containers: number;
}

/** The description of a bundle of a hundred models takes a few megabytes. */
export const maxJsonBytes = 64 * 2 ** 20;

/** More than any file that Chorus writes. */
const fileLimits: JsonLimits = { depth: 64, values: 2 ** 23, containers: 2 ** 20 };

/**
 * Parses JSON in UTF-8.
 *
 * @param source names the JSON in error messages, for example the path of its file.
 * @throws StorageError for more than 64 MiB, 64 levels, 2²³ values or 2²⁰ arrays and objects, all before parsing; for invalid
 * JSON; for one of the keys `__proto__`, `constructor` and `prototype`, which could change a prototype.
 * @example
 * const value = parseJson(await readRegularFile('run/report.json', { maxBytes: 2 ** 26 }), 'run/report.json');
 */
export function parseJson(content: Uint8Array, source: string): unknown {
  if (content.length > maxJsonBytes)
    throw new StorageError(`${source}: expected at most ${maxJsonBytes} bytes of JSON, received ${content.length}.`);
  const exceeded = exceededJsonLimit(content, fileLimits);
  if (exceeded !== undefined)
    throw new StorageError(`${source}: expected at most ${fileLimits[exceeded]} ${descriptions[exceeded]} JSON.`);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(content));
  } catch (error) {
    throw new StorageError(`${source}: invalid JSON: ${(error as Error).message}.`, { cause: error });
  }
  const key = refusedKeyIn(value);
  if (key !== undefined) throw new StorageError(`${source}: unknown key "${key}".`);
  return value;
}

/**
 * Counts the values and levels of JSON, valid or not, without parsing it.
 *
 * @param bytes JSON in UTF-8.
 * @returns the limit that it exceeds; undefined if there is none.
 */
export function exceededJsonLimit(bytes: Uint8Array, limits: JsonLimits): keyof JsonLimits | undefined {
  let values = 1;
  let containers = 0;
  let depth = 0;
  let isInString = false;
  for (let position = 0; position < bytes.length; position += 1) {
    const byte = bytes[position]!;
    if (isInString) {
      if (byte === backslash) position += 1;
      else if (byte === quote) isInString = false;
    } else if (byte === quote) isInString = true;
    else if (byte === comma) values += 1;
    else if (byte === openBracket || byte === openBrace) {
      values += 1;
      containers += 1;
      depth += 1;
      if (depth > limits.depth) return 'depth';
    } else if (byte === closeBracket || byte === closeBrace) depth -= 1;
    else continue;
    if (containers > limits.containers) return 'containers';
    if (values > limits.values) return 'values';
  }
  return undefined;
}

// --- internal ---

const quote = 0x22;
const comma = 0x2c;
const openBracket = 0x5b;
const backslash = 0x5c;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

const descriptions: Readonly<Record<keyof JsonLimits, string>> = {
  depth: 'levels of nested',
  values: 'values of',
  containers: 'arrays and objects of',
};

const refusedKeys: readonly string[] = ['__proto__', 'constructor', 'prototype'];

/** The first refused key of parsed JSON. Its depth is limited, so that recursion is safe. */
function refusedKeyIn(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (!Array.isArray(value)) {
    const key = refusedKeys.find((refused) => Object.hasOwn(value, refused));
    if (key !== undefined) return key;
  }
  for (const child of Object.values(value)) {
    const key = refusedKeyIn(child);
    if (key !== undefined) return key;
  }
  return undefined;
}
