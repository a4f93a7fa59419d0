/** `SHA256SUMS`, the list of a sealed folder's files in the format of `sha256sum -c`. Also for browsers. */

export const checksumListName = 'SHA256SUMS';

/** A line of the list. */
export interface ListedFile {
  /** Hexadecimal digits. */
  sha256: string;
  /** Path inside the folder, with `/` between folders; not checked. */
  name: string;
}

/** @returns undefined for a line that is not `<sha256>  <name>`. */
export function parseChecksumLine(line: string): ListedFile | undefined {
  const [, sha256, name] = /^([0-9a-f]{64}) {2}(.+)$/.exec(line) ?? [];
  return sha256 === undefined || name === undefined ? undefined : { sha256, name };
}

/** Whether a path with `/` between folders stays inside its folder, on any system. */
export function isInside(name: string): boolean {
  return !/[\\\0\n]/.test(name) && name.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}
