/** An error that the user can fix: a missing device or part of the native runtime, or an invalid setting. */
export class RuntimeError extends Error {
  override name = 'RuntimeError';
}
