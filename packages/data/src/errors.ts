/** Missing, damaged, too few or too many images: an error that the user can fix. */
export class DataError extends Error {
  override name = 'DataError';
}

/** An error that another value of `data.layout` may fix; its code is for those who can offer it as an option. */
export function layoutError(message: string): DataError & { code: 'folder-layout' } {
  return Object.assign(new DataError(message), { code: 'folder-layout' as const });
}
