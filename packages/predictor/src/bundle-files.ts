/** A bundle's files, verified by its list of checksums. */
import { isInside, parseChecksumLine, checksumListName as sumsName } from '@chorus/storage/checksum-list';
import { PredictorError } from './errors.ts';

/** Where a bundle's files are. */
export interface BundlePlace {
  /** The folder or URL, for messages. */
  readonly name: string;
  /**
   * Reads a file.
   *
   * @param file path inside the bundle, with `/` between folders.
   * @param options `maxBytes`: a larger file is refused before or while it is read; `sha256`: the checksum that the caller will
   * verify, if it is known; `onBytes`: receives the number of further bytes as they arrive.
   * @throws PredictorError naming the file that is missing, unreadable or too large; the signal's reason after an abort.
   */
  read(file: string, options: ReadOptions): Promise<Uint8Array<ArrayBuffer>>;
  /** Keeps a verified file for later loads. */
  keep?(file: string, sha256: string, content: Uint8Array<ArrayBuffer>): Promise<void>;
}

export interface ReadOptions {
  maxBytes: number;
  sha256?: string;
  onBytes?: ((count: number) => void) | undefined;
  signal?: AbortSignal | undefined;
}

export interface BundleFiles {
  readonly name: string;
  /** Whether the place has another list of checksums by now. */
  hasChanged(): Promise<boolean>;
  /**
   * Reads a file and verifies its checksum.
   *
   * @throws PredictorError as {@link BundlePlace.read}, and for a file that the list does not contain or whose content differs.
   */
  read(file: string, options: Omit<ReadOptions, 'sha256'>): Promise<Uint8Array<ArrayBuffer>>;
}

/**
 * Reads a bundle's `SHA256SUMS`.
 *
 * @throws PredictorError when there is none, or it is not a list of checksums.
 */
export async function openBundleFiles(place: BundlePlace, signal: AbortSignal | undefined): Promise<BundleFiles> {
  const list = await place.read(sumsName, { maxBytes: maxSumsBytes, signal });
  const sums = parseSums(list, place.name);
  return {
    name: place.name,
    async hasChanged() {
      const now = await place.read(sumsName, { maxBytes: maxSumsBytes, signal }).catch(() => undefined);
      return now !== undefined && (now.length !== list.length || now.some((byte, index) => byte !== list[index]));
    },
    async read(file, options) {
      const sha256 = sums.get(file);
      if (sha256 === undefined) throw new PredictorError(`${place.name}: its ${sumsName} does not list ${file}.`);
      const content = await place.read(file, { ...options, sha256 });
      const received = await sha256Of(content);
      if (received !== sha256)
        throw new PredictorError(
          `${place.name}: ${file} is damaged: expected sha256 ${sha256}, received ${received} (${content.length} bytes).`,
        );
      await place.keep?.(file, sha256, content);
      return content;
    },
  };
}

/** @returns hexadecimal digits. */
export async function sha256Of(content: Uint8Array<ArrayBuffer>): Promise<string> {
  // Only pages from https: and from localhost have it; node has it.
  if (globalThis.crypto?.subtle === undefined)
    throw new PredictorError(
      'Checksums cannot be verified: browsers compute them (crypto.subtle) only in pages from https: or localhost.',
    );
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', content));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

// --- internal ---

/** A bundle has tens of files. */
const maxSumsBytes = 2 ** 20;

function parseSums(content: Uint8Array, name: string): Map<string, string> {
  const sums = new Map<string, string>();
  for (const line of new TextDecoder().decode(content).split('\n')) {
    if (line === '') continue;
    const listed = parseChecksumLine(line);
    if (listed === undefined || !isInside(listed.name))
      throw new PredictorError(
        `${name}/${sumsName}: expected "<sha256>  <file in the bundle>", received ${JSON.stringify(line.slice(0, 80))}.`,
      );
    sums.set(listed.name, listed.sha256);
  }
  return sums;
}
