/** Reads how the still image of an AVIF or HEIC file is coded, from its boxes (ISO/IEC 14496-12 and 23008-12). */

export interface HeifItem {
  isPremultiplied: boolean;
  /** libvips returns red, green and blue, although the profile may be a gray one. */
  isMonochrome: boolean;
  /** libvips detects the file only by its major brand, and supports only some brands. */
  patch?: { at: number; bytes: readonly number[] };
}

/** Display names of the item types for which libvips is built without a decoder. */
const refusedCodings: Record<string, string> = {
  hvc1: 'HEIC (HEVC)',
  hev1: 'HEIC (HEVC)',
  lhv1: 'HEIC (layered HEVC)',
  vvc1: 'HEIF with VVC',
  evc1: 'HEIF with EVC',
  avc1: 'HEIF with AVC',
  jpeg: 'HEIF with JPEG',
  j2k1: 'HEIF with JPEG 2000',
  unci: 'HEIF without compression',
  mski: 'HEIF mask',
};
/** Item types of images that are composed of other items. */
const derived = new Set(['grid', 'iden', 'iovl']);
/** Limit per level; phone photographs have about a hundred items. */
const maxBoxes = 20_000;

/**
 * Checks that libvips can decode a file's primary image.
 *
 * @throws Error whose message names the unsupported coding.
 */
export function readHeifItem(bytes: Uint8Array): HeifItem {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const file = boxesIn(view, 0, bytes.length, true);
  const meta = file.find(({ type }) => type === 'meta');
  const [item] = meta === undefined ? [] : [readMeta(view, meta)];
  if (item?.primary === undefined) {
    const isSequence = file.some(({ type }) => type === 'moov' || type === 'moof');
    throw new Error(
      isSequence
        ? 'not an accepted image: an image sequence or video without a still image; save a frame as JPEG or PNG'
        : 'damaged: an AVIF or HEIC file without a primary image',
    );
  }
  const coding = codingOf(item.primary, item.types, item.references);
  if (coding !== 'av01')
    throw new Error(
      `not an accepted image: ${refusedCodings[coding] ?? `HEIF with "${printable(coding)}"`}, for which libvips is built without a decoder; save it as JPEG, PNG or AVIF`,
    );
  return {
    isPremultiplied: item.references.some(({ type, from }) => type === 'prem' && from === item.primary),
    isMonochrome: item.isMonochrome,
    ...(fourCharacters(view, 8) === 'avif' ? {} : { patch: { at: 8, bytes: [...Buffer.from('avif')] } }),
  };
}

// --- internal ---

interface Box {
  type: string;
  /** Its content. */
  start: number;
  end: number;
}

interface Reference {
  type: string;
  from: number;
  to: readonly number[];
}

/**
 * Lists the boxes between two offsets. A box that exceeds its parent is clipped: the file may be truncated, which the
 * decoder reports. With `isFile`, bytes after the last box are ignored.
 */
function boxesIn(view: DataView, start: number, end: number, isFile = false): Box[] {
  const boxes: Box[] = [];
  for (let at = start; at + 8 <= end; ) {
    if (boxes.length === maxBoxes) throw new Error(`damaged: more than ${maxBoxes} boxes on one level`);
    const type = fourCharacters(view, at + 4);
    let [size, head] = [view.getUint32(at), 8];
    if (size === 0) size = end - at;
    else if (size === 1) {
      if (at + 16 > end) break;
      [size, head] = [Number(view.getBigUint64(at + 8)), 16];
    }
    if (size < head && isFile) break;
    if (size < head) throw new Error(`damaged: the box "${printable(type)}" has a size of ${size} bytes`);
    const boxEnd = Math.min(at + size, end);
    boxes.push({ type, start: Math.min(at + head, boxEnd), end: boxEnd });
    at = boxEnd;
  }
  return boxes;
}

interface Items {
  primary: number | undefined;
  types: Map<number, string>;
  references: Reference[];
  isMonochrome: boolean;
}

function readMeta(view: DataView, meta: Box): Items {
  const items: Items = { primary: undefined, types: new Map(), references: [], isMonochrome: true };
  for (const box of boxesIn(view, meta.start + 4, meta.end)) readers[box.type]?.(view, box, items);
  return items;
}

/** The information on items from each box within `meta`. */
const readers: Record<string, (view: DataView, box: Box, items: Items) => void> = {
  pitm: (view, box, items) => {
    const content = new FullBox(view, box);
    items.primary = content.number(content.version === 0 ? 2 : 4);
  },
  iinf: (view, box, { types }) => {
    const content = new FullBox(view, box);
    content.number(content.version === 0 ? 2 : 4);
    for (const entry of boxesIn(view, content.at, box.end)) {
      if (entry.type !== 'infe') continue;
      const info = new FullBox(view, entry);
      // Versions 0 and 1 have no item types; images have version 2 or 3.
      if (info.version < 2) continue;
      const id = info.number(info.version === 2 ? 2 : 4);
      info.number(2);
      types.set(id, info.characters());
    }
  },
  iref: (view, box, { references }) => {
    const content = new FullBox(view, box);
    const idBytes = content.version === 0 ? 2 : 4;
    for (const entry of boxesIn(view, content.at, box.end)) {
      const list = new FullBox(view, entry, 0);
      const from = list.number(idBytes);
      const count = list.number(2);
      const to: number[] = [];
      while (to.length < count && list.at + idBytes <= entry.end) to.push(list.number(idBytes));
      references.push({ type: entry.type, from, to });
    }
  },
  iprp: (view, box, items) => {
    const properties = boxesIn(view, box.start, box.end).filter(({ type }) => type === 'ipco');
    const codings = properties.flatMap(({ start, end }) => boxesIn(view, start, end));
    // The alpha image is monochrome too: a color image has at least one configuration that is not.
    items.isMonochrome = codings.every(
      ({ type, start, end }) => type !== 'av1C' || (start + 3 <= end && (view.getUint8(start + 2) & 0x10) !== 0),
    );
  },
};

/** The coding of an image's parts: AV1, or the first other coding. Each item is visited once. */
function codingOf(primary: number, types: ReadonlyMap<number, string>, references: readonly Reference[]): string {
  const partsOf = new Map(references.filter(({ type }) => type === 'dimg').map(({ from, to }) => [from, to]));
  const items = new Set([primary]);
  let coding: string | undefined;
  for (const item of items) {
    const type = types.get(item);
    if (type === undefined) throw new Error('damaged: the primary image, or a part of it, is not among the items');
    if (!derived.has(type)) coding = coding === undefined || coding === 'av01' ? type : coding;
    // The same loop visits items added to the set.
    else for (const part of partsOf.get(item) ?? []) items.add(part);
  }
  if (coding === undefined) throw new Error('damaged: the primary image consists of no other images');
  return coding;
}

/** Reads numbers from a box's content, within its bounds. */
class FullBox {
  readonly #view: DataView;
  readonly #end: number;
  readonly version: number;
  at: number;

  /** `headBytes`: the size of version and flags. */
  constructor(view: DataView, { start, end }: Box, headBytes = 4) {
    [this.#view, this.#end, this.at] = [view, end, start];
    this.version = headBytes === 0 ? 0 : this.number(1);
    this.at = start + headBytes;
  }

  number(byteCount: 1 | 2 | 4): number {
    const at = this.#take(byteCount);
    if (byteCount === 1) return this.#view.getUint8(at);
    return byteCount === 2 ? this.#view.getUint16(at) : this.#view.getUint32(at);
  }

  characters(): string {
    return fourCharacters(this.#view, this.#take(4));
  }

  #take(byteCount: number): number {
    const { at } = this;
    if (at + byteCount > this.#end) throw new Error('damaged: a box that ends before its content does');
    this.at += byteCount;
    return at;
  }
}

function fourCharacters(view: DataView, at: number): string {
  return String.fromCharCode(...[0, 1, 2, 3].map((index) => view.getUint8(at + index)));
}

function printable(type: string): string {
  return type.replace(/[^ -~]/g, '?');
}
