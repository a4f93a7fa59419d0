/** What is downloaded, from where, and which addresses may serve it. */
import { StorageError } from '../errors.ts';
import { TransferRefusal } from './faults.ts';

export interface FileSource {
  /** A public address: https, or http where a hash is given. */
  url: string;
  /** Its publisher's hashes, where there are any: hexadecimal digits. */
  md5?: string;
  sha256?: string;
  /** Its exact size, where it is known. */
  bytes?: number;
}

/** Which addresses may serve a file; the same for the first address and every redirect. */
export interface AddressRules {
  /** The content is checked against a publisher's hash: who carries it does not matter. */
  hasHash: boolean;
  /** For tests. */
  allowLoopbackHttp: boolean;
  /** The user typed the address, http included, and no cache keeps what it serves. */
  allowHttp?: boolean;
}

/** @throws StorageError naming what is wrong with the source. */
export function checkSource(source: FileSource): void {
  for (const [name, digits] of [
    ['md5', 32],
    ['sha256', 64],
  ] as const) {
    const hash = source[name];
    if (hash !== undefined && !new RegExp(`^[0-9a-f]{${digits}}$`).test(hash))
      throw new StorageError(
        `Expected the ${name} of ${source.url} as ${digits} lower-case hexadecimal digits, received ${JSON.stringify(hash)}.`,
      );
  }
  if (source.bytes !== undefined && !(Number.isSafeInteger(source.bytes) && source.bytes > 0))
    throw new StorageError(`Expected the size of ${source.url} as whole bytes above 0, received ${source.bytes}.`);
}

export function hasHash(source: FileSource): boolean {
  return source.md5 !== undefined || source.sha256 !== undefined;
}

/**
 * Reads an address, or where a redirect points.
 *
 * @param from the address that a relative redirect starts at.
 * @throws TransferRefusal when such an address may not serve the file.
 */
export function readAddress(text: string, rules: AddressRules, from?: URL): URL {
  const what = from === undefined ? 'an address' : `a redirect of ${from.origin}`;
  const address = URL.canParse(text, from?.href) ? new URL(text, from?.href) : undefined;
  if (address === undefined || !['https:', 'http:'].includes(address.protocol))
    throw new TransferRefusal(`expected ${what} that begins with https://, received ${JSON.stringify(text)}`);
  if (address.username !== '' || address.password !== '')
    throw new TransferRefusal(`expected ${what} without a user's name or password, received one at ${address.origin}`);
  if (address.protocol === 'https:') return address;
  if (from?.protocol === 'https:')
    throw new TransferRefusal(`expected ${what} that stays with https, received ${address.origin}`);
  if (!rules.hasHash && !rules.allowHttp && !(rules.allowLoopbackHttp && isLoopback(address.hostname)))
    throw new TransferRefusal(
      `expected ${what} that begins with https:// for a file without a publisher's hash, received ${address.origin}`,
    );
  return address;
}

// --- internal ---

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname);
}
