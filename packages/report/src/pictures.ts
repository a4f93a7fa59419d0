/** Thumbnails of a run's images, embedded in the page. */
import { realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { makeThumbnail } from '@chorus/data';
import { type Html, html } from './html.ts';

/** Longer side of a thumbnail, pixels; twice the size at which it is shown. */
const side = 224;
/** Bytes of all embedded pictures as text; the page must stay below 5 MB. */
const mostBytes = 3_500_000;

export class Pictures {
  readonly #root: string | null;
  readonly #made = new Map<string, Promise<Html | string>>();
  #bytes = 0;

  /** @param root the data folder; null if it is unknown. */
  constructor(root: string | null) {
    this.#root = root;
  }

  /** A picture, or a box with the reason why it is missing. */
  async show(path: string): Promise<Html> {
    let made = this.#made.get(path);
    if (made === undefined) {
      made = this.#make(path);
      this.#made.set(path, made);
    }
    const found = await made;
    return typeof found === 'string' ? html`<div class="missing">${found}</div>` : found;
  }

  async #make(path: string): Promise<Html | string> {
    if (this.#root === null) return 'the data folder is not available';
    if (this.#bytes > mostBytes) return 'not shown, to keep the page small';
    try {
      const root = await realpath(this.#root);
      const file = await realpath(join(root, path));
      // The path comes from a report, which may come from anywhere; a link inside the folder may lead out of it.
      if (!file.startsWith(root.endsWith(sep) ? root : root + sep)) return 'outside the data folder';
      const { bytes, width, height } = await makeThumbnail(file, side);
      const address = `data:image/webp;base64,${Buffer.from(bytes).toString('base64')}`;
      this.#bytes += address.length;
      return html`<img src="${address}" width="${width}" height="${height}" alt="${path}">`;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'the file is gone' : (error as Error).message;
    }
  }
}
