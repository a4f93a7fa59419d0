/** Missing, damaged, too few or too many images: an error that the user can fix. */
export class DataError extends Error {
  override name = 'DataError';
}
