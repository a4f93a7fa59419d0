/** Checks that a JPEG has all its pixels: decodes the entropy-coded data to its end, without computing pixels. */
import { setImmediate } from 'node:timers/promises';
import { createEntropyKernel, type EntropyKernel } from './jpeg-entropy-kernel.ts';
import { standardHuffmanTables } from './jpeg-standard-tables.ts';
import type { JpegFrame, JpegScan, JpegStructure } from './jpeg-structure.ts';

/**
 * Detects lost pixels of a JPEG.
 *
 * Pixels are lost where libjpeg invents them: at data that ends before its scan or restart interval, codes that are not in the
 * table, invalid coefficients, missing restart markers and missing scans. Data left over after a complete scan means that the
 * decoder lost synchronization, unless the scan ends the way encoders end one.
 *
 * Yields to the event loop regularly.
 *
 * @returns what is lost and where; null if nothing is.
 */
export async function findLostPixels(bytes: Uint8Array, structure: JpegStructure): Promise<string | null> {
  const { frame, scans } = structure;
  const missing = findMissingScans(structure);
  if (missing !== null) return missing;
  const decoder = new ScanDecoder(frame);
  for (const [index, scan] of scans.entries()) {
    const fault = await decoder.decode(bytes, scan);
    if (fault !== null) return scans.length === 1 ? fault : `${fault} in scan ${index + 1} of ${scans.length}`;
  }
  return null;
}

/**
 * Detects missing scans: components without a scan, or coefficients that were started but not completed.
 *
 * @returns what is missing; null if nothing is.
 */
export function findMissingScans({ frame, scans, hasEndMarker }: JpegStructure): string | null {
  /** For each coefficient of each component, the number of missing bits; undefined if no scan contains it. */
  const missingBits = frame.components.map(() => new Array<number | undefined>(64).fill(undefined));
  for (const [number, { components, from, last, high, low }] of scans.entries())
    for (const { index } of components) {
      const bits = missingBits[index]!;
      if (frame.isProgressive && bits.slice(from, last + 1).some((before = 0) => before !== high))
        return `scan ${number + 1} of ${scans.length} does not continue those before it`;
      bits.fill(low, from, last + 1);
    }
  for (const [index, bits] of missingBits.entries()) {
    const name = `component ${index + 1} of ${frame.components.length}`;
    if (bits[0] === undefined) return `it ends before any scan of ${name}`;
    if (bits.some((low) => low !== undefined && low > 0)) return `it ends before the last scans of ${name}`;
    // A picture may lack coefficients, but only if its end marker declares it complete.
    if (!hasEndMarker && bits.includes(undefined)) return `it ends before the last scans of ${name}`;
  }
  // Truncated arithmetic code decodes as if it were followed by zeros.
  if (frame.isArithmetic && !hasEndMarker) return 'premature end of data: it has no end marker';
  return null;
}

// --- internal ---

/** Twice the maximum for 8-bit samples at full contrast, 8 × 128, because encoders overshoot a little. */
const coefficientLimit = 2048;

/** MCUs per slice; a few milliseconds. */
const sliceMcus = 20_000;

const pageBytes = 2 ** 16;

/** Keyed by the outcomes of `assembly/jpeg-outcomes.ts`. */
const faults: Readonly<Record<number, string>> = {
  1: 'premature end of data',
  2: 'its data is corrupt',
  3: 'a restart marker is missing',
};

/** Order of `Field` and `Part` in `assembly/jpeg-entropy.ts`, 32 bits each. */
const fieldCount = 13;
const partCount = 10;

class ScanDecoder {
  readonly #frame: JpegFrame;
  readonly #kernel: EntropyKernel = createEntropyKernel();
  /** Blocks of each component in the MCUs of an interleaved scan. */
  readonly #grids: { wide: number; high: number; masks: number }[];
  readonly #mcusWide: number;
  readonly #mcusHigh: number;
  readonly #places: { scan: number; statistics: number; conditioning: number; quantization: number; codes: number };
  readonly #tables: number;
  readonly #data: number;

  constructor(frame: JpegFrame) {
    this.#frame = frame;
    const { horizontal, vertical } = largest(frame);
    this.#mcusWide = Math.ceil(frame.width / (8 * horizontal));
    this.#mcusHigh = Math.ceil(frame.height / (8 * vertical));
    const kernel = this.#kernel;
    let next = kernel.heapStart.value;
    const place = (byteCount: number) => {
      const at = Math.ceil(next / 16) * 16;
      next = at + byteCount;
      return at;
    };
    this.#places = {
      scan: place(4 * (fieldCount + 4 * partCount)),
      statistics: place(kernel.arithmeticBytes.value),
      conditioning: place(12),
      quantization: place(4 * 128),
      codes: place(16 + 256),
    };
    this.#tables = place(8 * kernel.huffmanTableBytes.value);
    this.#grids = frame.components.map((component) => {
      const wide = this.#mcusWide * component.horizontal;
      const high = this.#mcusHigh * component.vertical;
      // Only refinement scans need the masks of the whole picture; otherwise one row is reused.
      return { wide, high, masks: place(8 * wide * (frame.isProgressive ? high : 1)) };
    });
    this.#data = place(0);
    this.#reserve(this.#data);
  }

  async decode(bytes: Uint8Array, scan: JpegScan): Promise<string | null> {
    const kernel = this.#kernel;
    const length = scan.dataEnd - scan.dataStart;
    this.#reserve(this.#data + length);
    const memory = new Uint8Array(kernel.memory.buffer);
    memory.set(bytes.subarray(scan.dataStart, scan.dataEnd), this.#data);
    const fault = this.#writeTables(memory, scan);
    if (fault !== null) return fault;
    const { wide, high } = this.#writeScan(scan);
    kernel.startScan(this.#places.scan, this.#data, this.#data + length);
    let outcome = kernel.unfinished.value;
    while (outcome === kernel.unfinished.value) {
      outcome = kernel.decodeRows(Math.max(1, Math.floor(sliceMcus / wide)));
      if (outcome === kernel.unfinished.value) await setImmediate();
    }
    if (outcome !== 0) return `${faults[outcome]} at ${Math.floor((100 * kernel.currentRow()) / high)} % of its height`;
    if (kernel.isOutOfStep.value === 0) return null;
    const { value: left } = kernel.leftBytes;
    return `${faults[2]}: ${left > 0 ? `${left} bytes are left over` : 'it ends within a run of empty blocks'}`;
  }

  #reserve(byteCount: number): void {
    const { memory } = this.#kernel;
    const missing = byteCount - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / pageBytes));
  }

  #writeTables(memory: Uint8Array, { huffmanTables, quantizationTables, conditioning }: JpegScan): string | null {
    const { codes, quantization } = this.#places;
    memory.set(conditioning, this.#places.conditioning);
    for (const [slot, table] of quantizationTables.entries())
      if (table !== undefined) new Uint16Array(memory.buffer, quantization + 128 * slot, 64).set(table);
    if (this.#frame.isArithmetic) return null;
    for (const [slot, table] of huffmanTables.entries()) {
      const content = table ?? standardHuffmanTables[slot];
      if (content === undefined) continue;
      memory.set(content, codes);
      if (this.#kernel.buildTable(codes, this.#tableAt(slot)) === 0) return 'an invalid Huffman table';
    }
    return null;
  }

  #tableAt(slot: number): number {
    return this.#tables + slot * this.#kernel.huffmanTableBytes.value;
  }

  /** Writes the scan's description for the kernel; returns its size in MCUs. */
  #writeScan(scan: JpegScan): { wide: number; high: number } {
    const { isProgressive, isArithmetic, components } = this.#frame;
    const { statistics, conditioning, quantization } = this.#places;
    const { wide, high } = this.#mcusOf(scan);
    const isInterleaved = scan.components.length > 1;
    const tableOf = (slot: number, first: number) => (isArithmetic ? slot : this.#tableAt(first + slot));
    const fields = [
      ...[scan.components.length, wide, high, scan.restartInterval, Number(isProgressive), Number(isArithmetic)],
      ...[scan.from, scan.last, scan.high, scan.low, coefficientLimit, statistics, conditioning],
      ...scan.components.flatMap(({ index, dcTable, acTable }) => {
        const { horizontal, vertical, quantizationTable } = components[index]!;
        const grid = this.#grids[index]!;
        return [
          ...(isInterleaved ? [horizontal, vertical] : [1, 1]),
          ...[isProgressive ? grid.wide : 0, grid.masks, quantization + 128 * (quantizationTable & 3)],
          ...[tableOf(dcTable, 0), tableOf(acTable, 4), 0, 0, 0],
        ];
      }),
    ];
    new Int32Array(this.#kernel.memory.buffer, this.#places.scan, fields.length).set(fields);
    return { wide, high };
  }

  /** In a scan of one component, each MCU is one block, and blocks that only pad the frame's MCUs are omitted. */
  #mcusOf({ components }: JpegScan): { wide: number; high: number } {
    if (components.length > 1) return { wide: this.#mcusWide, high: this.#mcusHigh };
    const { horizontal, vertical } = this.#frame.components[components[0]!.index]!;
    const most = largest(this.#frame);
    return {
      wide: Math.ceil((this.#frame.width * horizontal) / (8 * most.horizontal)),
      high: Math.ceil((this.#frame.height * vertical) / (8 * most.vertical)),
    };
  }
}

function largest({ components }: JpegFrame): { horizontal: number; vertical: number } {
  return {
    horizontal: Math.max(...components.map(({ horizontal }) => horizontal)),
    vertical: Math.max(...components.map(({ vertical }) => vertical)),
  };
}
