/** A bundle, an image or an option that cannot be used; the message says what was expected. */
export class PredictorError extends Error {
  override name = 'PredictorError';
}
