/** Reads the marker segments of a JPEG (ITU-T T.81, annex B): its headers and the position of each scan's data. */

/** One color component of the frame. */
export interface JpegComponent {
  id: number;
  /** Sampling factors, 1 to 4. */
  horizontal: number;
  vertical: number;
  quantizationTable: number;
}

export interface JpegFrame {
  width: number;
  height: number;
  isProgressive: boolean;
  isArithmetic: boolean;
  components: JpegComponent[];
}

export interface ScanComponent {
  /** Index of the frame's component. */
  index: number;
  dcTable: number;
  acTable: number;
}

/** A scan, with the tables in effect where it begins. */
export interface JpegScan {
  components: ScanComponent[];
  /** First and last coefficient, in zigzag order; 0 to 63 unless the file is progressive. */
  from: number;
  last: number;
  /** Bit positions: earlier scans sent the bits from `high` up (0: none), later scans send those below `low`. */
  high: number;
  low: number;
  /** MCUs between two restart markers; 0 without restart markers. */
  restartInterval: number;
  /** Each table holds `lengths` (16 bytes) and symbols; DC tables 0 to 3, then AC tables 0 to 3. */
  huffmanTables: (Uint8Array | undefined)[];
  /** 64 factors per table, in zigzag order. */
  quantizationTables: (Uint16Array | undefined)[];
  /** Values set by DAC: L and U of each DC table, K of each AC table, four each. */
  conditioning: Uint8Array;
  /** Offsets of the entropy-coded data with its restart markers: up to the next other marker, or the end of the file. */
  dataStart: number;
  dataEnd: number;
}

export interface JpegStructure {
  frame: JpegFrame;
  scans: JpegScan[];
  /** Where the picture ends, after its end marker if it has one. */
  end: number;
  hasEndMarker: boolean;
}

/**
 * Reads the marker segments of the first picture in a file.
 *
 * Skips stray bytes between segments, as libjpeg does.
 *
 * @throws Error whose message says why the file cannot be decoded as a JPEG.
 */
export function readJpegStructure(bytes: Uint8Array): JpegStructure {
  return new SegmentReader(bytes).read();
}

/** A JPEG's headers up to its first scan. */
export interface JpegHead {
  frame: JpegFrame;
  /** The first scan; its `dataEnd` is the end of the file, because the end of the scan is not searched for. */
  scan: JpegScan;
  /** Whether the first scan has every component at full precision: libjpeg ignores everything after it. */
  isOneScan: boolean;
  /** Whether a header announces other pictures in the file, such as a gain map. */
  hasOtherPictures: boolean;
  /** Whether it has an APP1 segment: Exif data, which may turn the picture, or XMP. */
  mayHaveExif: boolean;
}

/**
 * Reads the marker segments before the first scan's data, which suffice for most files.
 *
 * @throws as {@link readJpegStructure}.
 */
export function readJpegHead(bytes: Uint8Array): JpegHead {
  return new SegmentReader(bytes).readHead();
}

/**
 * Finds the end of the entropy-coded data that starts at an offset: a marker other than a restart marker, or the end of the file.
 *
 * @param onRestart called with the offset of each restart marker, after its fill bytes.
 */
export function endOfData(bytes: Uint8Array, from: number, onRestart?: (at: number) => void): number {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = from; ; ) {
    const start = file.indexOf(0xff, at);
    if (start < 0) return file.length;
    at = start + 1;
    while (file[at] === 0xff) at += 1;
    const code = file[at];
    if (code === undefined) return file.length;
    if (code >= 0xd0 && code <= 0xd7) onRestart?.(at - 1);
    else if (code !== 0) return start;
    at += 1;
  }
}

// --- internal ---

/** Frame types that libjpeg decodes; the others with the name of their process. */
const decodedFrames = new Set([0xc0, 0xc1, 0xc2, 0xc9, 0xca]);
const otherFrames: Readonly<Record<number, string>> = {
  195: 'lossless',
  197: 'hierarchical',
  198: 'hierarchical',
  199: 'hierarchical',
  203: 'lossless',
  205: 'hierarchical',
  206: 'hierarchical',
  207: 'hierarchical',
  247: 'JPEG-LS',
};

/** Encoders write about a dozen. A decoder traverses all blocks for each scan, so a small file with many could take minutes. */
const maxScans = 100;

const marker = {
  start: 0xd8,
  end: 0xd9,
  scan: 0xda,
  quantization: 0xdb,
  restartInterval: 0xdd,
  app1: 0xe1,
  app2: 0xe2,
} as const;

class SegmentReader {
  readonly #bytes: Buffer;
  #at = 2;
  #frame: JpegFrame | undefined;
  #hasOtherPictures = false;
  #mayHaveExif = false;
  #restartInterval = 0;
  readonly #huffmanTables = new Array<Uint8Array | undefined>(8).fill(undefined);
  readonly #quantizationTables = new Array<Uint16Array | undefined>(4).fill(undefined);
  readonly #conditioning = Uint8Array.from([0, 0, 0, 0, 1, 1, 1, 1, 5, 5, 5, 5]);
  readonly #scans: JpegScan[] = [];

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  read(): JpegStructure {
    const hasEndMarker = this.#readTo(Number.POSITIVE_INFINITY);
    return {
      frame: this.#frameThere(),
      scans: this.#scans,
      end: this.#at,
      hasEndMarker,
    };
  }

  readHead(): JpegHead {
    this.#readTo(1);
    const [scan] = this.#scans as [JpegScan];
    return {
      frame: this.#frameThere(),
      scan,
      isOneScan: this.#isComplete(),
      hasOtherPictures: this.#hasOtherPictures,
      mayHaveExif: this.#mayHaveExif,
    };
  }

  /** Whether one scan has all coefficients: libjpeg ignores everything after it. */
  #isComplete(): boolean {
    const [scan] = this.#scans;
    const frame = this.#frame;
    return scan !== undefined && !frame!.isProgressive && scan.components.length === frame!.components.length;
  }

  /** Reads up to the header of a scan or the end of the picture; returns whether there is an end marker. */
  #readTo(scanCount: number): boolean {
    for (;;) {
      const start = this.#at;
      const code = this.#nextMarker();
      const hasScans = this.#scans.length > 0;
      if (code === marker.end) {
        if (!hasScans) throw new Error('damaged: it has no scan');
        return true;
      }
      // Markers without a segment: TEM and left-over restart markers.
      if (code === 0x01 || (code !== undefined && code >= 0xd0 && code <= 0xd7)) continue;
      const content = code === undefined || code === marker.start ? undefined : this.#segment();
      if (content === undefined || (this.#isComplete() && code === marker.scan)) {
        if (!hasScans)
          throw new Error(`damaged: it ${code === marker.start ? 'starts twice' : 'ends before its first scan'}`);
        // The file ends, or the next picture starts.
        this.#at = start;
        return false;
      }
      if (this.#isComplete()) continue;
      if (code !== marker.scan) {
        this.#readSegment(code!, content);
        continue;
      }
      const scan = this.#readScan(content);
      this.#scans.push(scan);
      if (this.#scans.length === scanCount) return false;
      scan.dataEnd = endOfData(this.#bytes, this.#at);
      this.#at = scan.dataEnd;
    }
  }

  #frameThere(): JpegFrame {
    if (this.#frame === undefined) throw new Error('damaged: it has no frame header');
    return this.#frame;
  }

  /** The code of the next marker, after stray and fill bytes; undefined at the end of the file. */
  #nextMarker(): number | undefined {
    for (;;) {
      const start = this.#bytes.indexOf(0xff, this.#at);
      if (start < 0) return undefined;
      let at = start + 1;
      while (this.#bytes[at] === 0xff) at += 1;
      const code = this.#bytes[at];
      this.#at = at + 1;
      if (code === undefined) return undefined;
      if (code !== 0) return code;
    }
  }

  /** The content of a segment; undefined if the file ends within it. */
  #segment(): Buffer | undefined {
    const start = this.#at;
    if (start + 2 > this.#bytes.length) return undefined;
    const length = this.#bytes.readUInt16BE(start);
    if (length < 2 && !this.#isComplete()) throw new Error(`damaged: a header of ${length} bytes`);
    const end = start + Math.max(length, 2);
    if (end > this.#bytes.length) return undefined;
    this.#at = end;
    return this.#bytes.subarray(start + 2, end);
  }

  #readSegment(code: number, content: Buffer): void {
    if (decodedFrames.has(code)) this.#readFrame(code, content);
    else if (otherFrames[code] !== undefined)
      throw new Error(`not an accepted image: ${otherFrames[code]} JPEG; save it as an ordinary JPEG or PNG`);
    else if (code === 0xc4) this.#readHuffmanTables(content);
    else if (code === 0xcc) this.#readConditioning(content);
    else if (code === marker.quantization) this.#readQuantizationTables(content);
    else if (code === marker.restartInterval && content.length >= 2) this.#restartInterval = content.readUInt16BE(0);
    else if (code === marker.app1 || code === marker.app2) {
      this.#mayHaveExif ||= code === marker.app1;
      this.#hasOtherPictures ||= announcesPictures(content);
    }
  }

  #readFrame(code: number, content: Buffer): void {
    if (this.#frame !== undefined) throw new Error('damaged: it has two frame headers');
    if (content.length < 6) throw new Error('damaged: its frame header is too short');
    const precision = content[0]!;
    if (precision !== 8)
      throw new Error(`not an accepted image: JPEG of ${precision} bits per sample; save it with 8 bits, or as PNG`);
    const count = content[5]!;
    if (content.length < 6 + 3 * count) throw new Error('damaged: its frame header is too short');
    const [height, width] = [content.readUInt16BE(1), content.readUInt16BE(3)];
    if (height === 0 || width === 0) throw new Error(`damaged: its header declares ${width} × ${height} pixels`);
    const components = Array.from({ length: count }, (_, index): JpegComponent => {
      const [id, sampling, quantizationTable] = content.subarray(6 + 3 * index) as unknown as [number, number, number];
      return { id, horizontal: sampling >> 4, vertical: sampling & 15, quantizationTable };
    });
    const isSampled = ({ horizontal, vertical }: JpegComponent) =>
      horizontal >= 1 && horizontal <= 4 && vertical >= 1 && vertical <= 4;
    if (count < 1 || count > 4 || !components.every(isSampled))
      throw new Error('damaged: its frame header has invalid components');
    this.#frame = {
      width,
      height,
      isProgressive: code === 0xc2 || code === 0xca,
      isArithmetic: code >= 0xc9,
      components,
    };
  }

  #readHuffmanTables(content: Buffer): void {
    for (let at = 0; at + 17 <= content.length; ) {
      const slot = (content[at]! & 15) + 4 * (content[at]! >> 4);
      const count = content.subarray(at + 1, at + 17).reduce((sum, one) => sum + one, 0);
      if ((content[at]! & 15) > 3 || slot > 7 || count > 256 || at + 17 + count > content.length)
        throw new Error('damaged: an invalid Huffman table');
      this.#huffmanTables[slot] = Uint8Array.from(content.subarray(at + 1, at + 17 + count));
      at += 17 + count;
    }
  }

  #readQuantizationTables(content: Buffer): void {
    for (let at = 0; at < content.length; ) {
      const slot = content[at]! & 15;
      const width = content[at]! >> 4 === 0 ? 1 : 2;
      if (slot > 3) throw new Error('damaged: an invalid quantization table');
      // A short table omits its last factors, as in libjpeg.
      const count = Math.min(64, Math.floor((content.length - at - 1) / width));
      const table = new Uint16Array(64).fill(1);
      for (let k = 0; k < count; k += 1)
        table[k] = width === 1 ? content[at + 1 + k]! : content.readUInt16BE(at + 1 + 2 * k);
      this.#quantizationTables[slot] = table;
      at += 1 + 64 * width;
    }
  }

  #readConditioning(content: Buffer): void {
    for (let at = 0; at + 2 <= content.length; at += 2) {
      const [index, value] = [content[at]!, content[at + 1]!];
      if (index >= 16 && index < 20) this.#conditioning[8 + index - 16] = value;
      else if (index < 4) {
        this.#conditioning[index] = value & 15;
        this.#conditioning[4 + index] = value >> 4;
      } else throw new Error('damaged: an invalid arithmetic conditioning table');
    }
  }

  /** A scan whose data end is not yet set. */
  #readScan(content: Buffer): JpegScan {
    if (this.#scans.length === maxScans) throw new Error(`damaged: more than ${maxScans} scans`);
    const frame = this.#frameThere();
    const count = content[0] ?? 0;
    if (count < 1 || count > 4 || content.length < 1 + 2 * count)
      throw new Error('damaged: a scan header has invalid components');
    const components = Array.from({ length: count }, (_, position): ScanComponent => {
      const [id, tables] = content.subarray(1 + 2 * position) as unknown as [number, number];
      const index = frame.components.findIndex((component) => component.id === id);
      if (index < 0) throw new Error('damaged: a scan header names a component that the frame does not have');
      return { index, dcTable: tables >> 4, acTable: tables & 15 };
    });
    if (components.some(({ dcTable, acTable }) => dcTable > 3 || acTable > 3))
      throw new Error('damaged: a scan header has invalid tables');
    const [from = 0, last = 63, bits = 0] = content.subarray(1 + 2 * count);
    const isBand = from === 0 ? last === 0 : from <= last && last <= 63 && count === 1;
    if (frame.isProgressive && (!isBand || (bits & 15) > 13))
      throw new Error('damaged: a scan header has invalid coefficients');
    return {
      components,
      // Some phones write zeros; only progressive files use these values.
      ...(frame.isProgressive
        ? { from, last, high: bits >> 4, low: bits & 15 }
        : { from: 0, last: 63, high: 0, low: 0 }),
      restartInterval: this.#restartInterval,
      huffmanTables: [...this.#huffmanTables],
      quantizationTables: [...this.#quantizationTables],
      conditioning: Uint8Array.from(this.#conditioning),
      dataStart: this.#at,
      dataEnd: this.#bytes.length,
    };
  }
}

/** Detects multi-picture files (CIPA DC-007) and gain maps of ISO 21496-1, Google's Ultra HDR and Apple. */
function announcesPictures(content: Buffer): boolean {
  if (content.subarray(0, 4).toString('latin1') === 'MPF\0') return true;
  if (content.subarray(0, 22).toString('latin1').startsWith('urn:iso:std:iso:ts:214')) return true;
  return content.includes('hdrgm', 0, 'latin1') || content.includes('HDRGainMap', 0, 'latin1');
}
