import { badRequest } from '../errors.ts';

/**
 * The number of classes to return.
 *
 * @throws RequestError unless the text is a whole number of at least 1.
 */
export function topOf(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text))
    throw badRequest(`Expected top to be a whole number of at least 1, received ${JSON.stringify(text.slice(0, 80))}.`);
  return Number(text);
}
