/** Memory as files, through which lane processes share it: a SharedArrayBuffer cannot leave its process. */
import { randomUUID } from 'node:crypto';
import { close, existsSync, openSync, read, rmSync, statfsSync, unlinkSync, write } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { makeFolder, writing } from '@chorus/storage';

/** Where Linux keeps files in memory. */
const memoryFolder = '/dev/shm';

/** How many times larger than a file the free memory must be for it to be there. */
const roomFactor = 2;

/** Bytes that are written or read at once; node accepts up to 2 GiB. */
const chunkBytes = 2 ** 26;

/** A file that other processes can map. */
interface SharedFile {
  /** Path by which other processes open it while this one has it open. */
  path: string;
  descriptor: number;
}

/**
 * On Linux, the files have no names: they are in memory if it has room, otherwise in a folder, and end with this process, however
 * it ends. Elsewhere, they are in the folder until they are closed.
 */
export class SharedFiles {
  readonly #folder: string;
  readonly #open = new Set<SharedFile>();
  readonly #byBuffer = new WeakMap<SharedArrayBuffer, Promise<SharedFile>>();
  readonly #collected = new FinalizationRegistry<SharedFile>((file) => this.#remove(file));

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** @param folder path of a folder for these files only. What an earlier process has left there is removed. */
  static async open(folder: string): Promise<SharedFiles> {
    await rm(folder, { recursive: true, force: true });
    return new SharedFiles(folder);
  }

  /**
   * Creates a file of zeros; returns its path.
   *
   * @throws UnwritableError when there is no room for it.
   */
  async create(byteLength: number): Promise<string> {
    return (await this.#write(new Uint8Array(byteLength))).path;
  }

  /**
   * The path of a file with the content that a buffer had at the first call. It exists as long as the buffer.
   *
   * @throws UnwritableError when there is no room for it.
   */
  async pathOf(buffer: SharedArrayBuffer): Promise<string> {
    let file = this.#byBuffer.get(buffer);
    if (file === undefined) {
      file = this.#write(new Uint8Array(buffer)).then((written) => {
        this.#collected.register(buffer, written);
        return written;
      });
      this.#byBuffer.set(buffer, file);
      // There may be room later.
      file.catch(() => this.#byBuffer.delete(buffer));
    }
    return (await file).path;
  }

  /** Reads from the file of a buffer, which may have changed since. */
  async read(buffer: SharedArrayBuffer, byteOffset: number, byteLength: number): Promise<Uint8Array> {
    const { descriptor } = await this.#byBuffer.get(buffer)!;
    const bytes = new Uint8Array(byteLength);
    for (let done = 0; done < byteLength; ) {
      const size = Math.min(chunkBytes, byteLength - done);
      const { bytesRead } = await readAt(descriptor, bytes, done, size, byteOffset + done);
      if (bytesRead === 0) throw new Error(`expected ${byteLength} bytes at ${byteOffset}, received ${done}`);
      done += bytesRead;
    }
    return bytes;
  }

  /** Closes all files. */
  close(): void {
    for (const file of this.#open) this.#remove(file);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #write(bytes: Uint8Array): Promise<SharedFile> {
    const place = hasRoom(bytes.length) ? memoryFolder : this.#folder;
    return writing(place, async () => {
      if (place === this.#folder) await makeFolder(place);
      const file = this.#openIn(place);
      try {
        for (let done = 0; done < bytes.length; ) {
          const size = Math.min(chunkBytes, bytes.length - done);
          done += (await writeAt(file.descriptor, bytes, done, size, done)).bytesWritten;
        }
        return file;
      } catch (error) {
        this.#remove(file);
        throw error;
      }
    });
  }

  #openIn(place: string): SharedFile {
    const path = join(place, `chorus-${randomUUID()}`);
    const descriptor = openSync(path, 'wx+', 0o600);
    const file = { path: isLinux ? `/proc/${process.pid}/fd/${descriptor}` : path, descriptor };
    if (isLinux) unlinkSync(path);
    this.#open.add(file);
    return file;
  }

  #remove(file: SharedFile): void {
    if (!this.#open.delete(file)) return;
    close(file.descriptor, () => {});
    if (!isLinux) rmSync(file.path, { force: true });
  }
}

// --- internal ---

const isLinux = process.platform === 'linux';
const readAt = promisify(read);
const writeAt = promisify(write);

/** Whether memory has room for a file. */
function hasRoom(byteLength: number): boolean {
  if (!isLinux || !existsSync(memoryFolder)) return false;
  const { bavail, bsize } = statfsSync(memoryFolder);
  return Math.min(bavail * bsize, process.availableMemory()) >= roomFactor * byteLength;
}
