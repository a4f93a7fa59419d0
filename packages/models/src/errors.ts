/** A user's mistake or a broken file: one human line with what was expected, where, what came, and what mends it. */
export class ModelError extends Error {
  override name = 'ModelError';
}
