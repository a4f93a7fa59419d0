/** The source of a download and the rules for its URLs. */
import { StorageError } from '../errors.ts';
import { TransferRefusal } from './faults.ts';
import { withoutCredentials } from './without-credentials.ts';

export interface FileSource {
  /** A public URL: https, or http if a hash is given. */
  url: string;
  /** The publisher's hashes, if any, as lower-case hexadecimal digits. */
  md5?: string;
  sha256?: string;
  /** The exact size, if known. */
  bytes?: number;
}

/** Which URLs may serve a file; apply to the first URL and to every redirect. */
export interface AddressRules {
  /** The content is verified against a publisher's hash, so the transport need not be trusted. */
  hasHash: boolean;
  /** For tests. */
  allowLoopbackHttp: boolean;
  /** Allows http: the user typed the URL, and its content is not cached. */
  allowHttp?: boolean;
}

/**
 * Checks the hashes and the size that a source declares.
 *
 * @throws StorageError naming the invalid value.
 */
export function checkSource(source: FileSource): void {
  for (const [name, digits] of [
    ['md5', 32],
    ['sha256', 64],
  ] as const) {
    const hash = source[name];
    if (hash !== undefined && !new RegExp(`^[0-9a-f]{${digits}}$`).test(hash))
      throw new StorageError(
        `Expected the ${name} of ${withoutCredentials(source.url)} as ${digits} lower-case hexadecimal digits, received ${JSON.stringify(hash)}.`,
      );
  }
  if (source.bytes !== undefined && !(Number.isSafeInteger(source.bytes) && source.bytes > 0))
    throw new StorageError(
      `Expected the size of ${withoutCredentials(source.url)} as a positive number of bytes, received ${source.bytes}.`,
    );
}

export function hasHash(source: FileSource): boolean {
  return source.md5 !== undefined || source.sha256 !== undefined;
}

/**
 * Parses a URL, or the target of a redirect.
 *
 * @param from the base URL of a redirect.
 * @throws TransferRefusal when the rules forbid the URL.
 */
export function readAddress(text: string, rules: AddressRules, from?: URL): URL {
  const what = from === undefined ? 'an https:// URL' : `a redirect from ${from.origin} to an https:// URL`;
  const address = URL.canParse(text, from?.href) ? new URL(text, from?.href) : undefined;
  if (address === undefined || !['https:', 'http:'].includes(address.protocol))
    throw new TransferRefusal(`expected ${what}, received ${JSON.stringify(withoutCredentials(text))}`);
  if (address.username !== '' || address.password !== '')
    throw new TransferRefusal(`expected ${what} without a user name or password, received one for ${address.origin}`);
  if (address.protocol === 'https:') return address;
  if (from?.protocol === 'https:') throw new TransferRefusal(`expected ${what}, received ${address.origin}`);
  if (!rules.hasHash && !rules.allowHttp && !(rules.allowLoopbackHttp && isLoopback(address.hostname)))
    throw new TransferRefusal(`expected ${what} for a file without a publisher's hash, received ${address.origin}`);
  return address;
}

// --- internal ---

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname);
}
