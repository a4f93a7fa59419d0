/** A user's mistake or a damaged file: one line that says what was expected, where, what was received and how to fix it. */
export class ModelError extends Error {
  override name = 'ModelError';
}
