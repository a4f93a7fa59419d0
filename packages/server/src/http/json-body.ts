/** Parses the JSON of a body, within limits that hold before anything is parsed. */
import { checkValue, mistakesLine } from '@chorus/models/bundle';
import type { z } from 'zod';
import { badRequest, RequestError } from '../errors.ts';

/**
 * @param schema of the body.
 * @param maxValues values in the JSON, at most: a parsed value takes up to a hundred times the memory of its bytes.
 * @throws RequestError naming what the schema refuses.
 */
export function jsonBody<Schema extends z.ZodType>(
  bytes: Uint8Array,
  schema: Schema,
  maxValues: number,
): z.output<Schema> {
  requireBounded(bytes, maxValues);
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw badRequest(`Expected JSON in UTF-8: ${(error as Error).message.slice(0, 200)}.`);
  }
  const { data, mistakes } = checkValue(schema, json);
  if (mistakes !== undefined)
    throw badRequest(`The JSON body is not as expected: ${mistakesLine(mistakes).slice(0, 500)}.`);
  return data;
}

// --- internal ---

/** Pixels [N, height, width, 3] inside an input have 7 levels. */
const maxDepth = 16;

const quote = 0x22;
const backslash = 0x5c;
const opening = new Set([0x5b, 0x7b]);
const closing = new Set([0x5d, 0x7d]);
const comma = 0x2c;

/** Counts the values and the depth of JSON, valid or not, without parsing it. */
function requireBounded(bytes: Uint8Array, maxValues: number): void {
  let valueCount = 1;
  let depth = 0;
  let isInString = false;
  for (let position = 0; position < bytes.length; position += 1) {
    const byte = bytes[position]!;
    if (isInString) {
      if (byte === backslash) position += 1;
      else if (byte === quote) isInString = false;
    } else if (byte === quote) isInString = true;
    else if (byte === comma) valueCount += 1;
    else if (opening.has(byte)) {
      valueCount += 1;
      depth += 1;
      if (depth > maxDepth) throw badRequest(`Expected JSON of at most ${maxDepth} levels, received more.`);
    } else if (closing.has(byte)) depth -= 1;
    if (valueCount > maxValues)
      throw new RequestError(413, 'too_large', `Expected JSON of at most ${maxValues} values, received more.`);
  }
}
