/** Thumbnails of a run's images, embedded in the page. */
import { realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { drawHeatMaps, type HeatMapRows, makeThumbnail, type Thumbnail } from '@chorus/data';
import { type Html, html } from './html.ts';

/** Longer side of a thumbnail, pixels; twice the size at which it is shown. */
const side = 224;
const heatMapSide = 168;
/** Bytes of all embedded pictures as text; the page must stay below 5 MB. */
const mostBytes = 3_500_000;
/** Bytes of the heat maps, which leave the rest to other pictures. */
const mostHeatMapBytes = 2_000_000;

const tooLarge = 'not shown, to keep the page small';

/** A heat map over a picture, and its alternative text. */
export interface HeatMapPicture {
  map: HeatMapRows;
  text: string;
}

export class Pictures {
  readonly #root: string | null;
  readonly #made = new Map<string, Promise<Html | string>>();
  #bytes = 0;
  #heatMapBytes = 0;

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

  /** Heat maps over a picture, in their order, or the reason why they are missing. */
  async showHeatMaps(path: string, maps: readonly HeatMapPicture[]): Promise<Html[] | string> {
    if (this.#heatMapBytes > mostHeatMapBytes) return tooLarge;
    const drawn = await this.#read(path, (file) =>
      drawHeatMaps(
        file,
        heatMapSide,
        maps.map(({ map }) => map),
      ),
    );
    if (typeof drawn === 'string') return drawn;
    const before = this.#bytes;
    const shown = drawn.map((picture, index) => this.#embed(picture, maps[index]!.text));
    this.#heatMapBytes += this.#bytes - before;
    return shown;
  }

  async #make(path: string): Promise<Html | string> {
    const thumbnail = await this.#read(path, (file) => makeThumbnail(file, side));
    return typeof thumbnail === 'string' ? thumbnail : this.#embed(thumbnail, path);
  }

  /** What is read from a file, or the reason why it is not shown. */
  async #read<Found>(path: string, read: (file: string) => Promise<Found>): Promise<Found | string> {
    if (this.#root === null) return 'the data folder is not available';
    if (this.#bytes > mostBytes) return tooLarge;
    try {
      const root = await realpath(this.#root);
      const file = await realpath(join(root, path));
      // The path comes from a report, which may come from anywhere; a link inside the folder may lead out of it.
      if (!file.startsWith(root.endsWith(sep) ? root : root + sep)) return 'outside the data folder';
      return await read(file);
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'the file is gone' : (error as Error).message;
    }
  }

  #embed({ bytes, width, height }: Thumbnail, text: string): Html {
    const address = `data:image/webp;base64,${Buffer.from(bytes).toString('base64')}`;
    this.#bytes += address.length;
    return html`<img src="${address}" width="${width}" height="${height}" alt="${text}">`;
  }
}
