/** Images that are missing, damaged, too few or too many: something the user can mend. */
export class DataError extends Error {
  override name = 'DataError';
}
