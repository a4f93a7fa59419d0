/** A device, a setting or a part of the native runtime that is not there: something the user can mend. */
export class RuntimeError extends Error {
  override name = 'RuntimeError';
}
