/** Parses the JSON of a body, within limits that hold before anything is parsed. */
import { checkValue, mistakesLine } from '@chorus/models/bundle';
import { exceededJsonLimit } from '@chorus/storage/json';
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

function requireBounded(bytes: Uint8Array, maxValues: number): void {
  const exceeded = exceededJsonLimit(bytes, { depth: maxDepth, values: maxValues, containers: maxValues });
  if (exceeded === 'depth') throw badRequest(`Expected JSON of at most ${maxDepth} levels, received more.`);
  if (exceeded !== undefined)
    throw new RequestError(413, 'too_large', `Expected JSON of at most ${maxValues} values, received more.`);
}
