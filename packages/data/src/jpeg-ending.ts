/**
 * Checks the end of a JPEG's only scan: libvips reads lines in strips, and does not report libjpeg's warnings about the last
 * strip and what follows it.
 */
import { createEntropyKernel, type EntropyKernel } from './jpeg-entropy-kernel.ts';
import { standardHuffmanTables } from './jpeg-standard-tables.ts';
import { endOfData, type JpegFrame, type JpegHead, type JpegScan } from './jpeg-structure.ts';

/**
 * Whether all codes are valid and the last MCU ends within the last byte, from the restart marker before the last strip of lines
 * on, and also between restart markers. Takes about 10 ms for 12 megapixels. False only means that a full check is needed.
 *
 * @param head of `bytes`, with a scan of all components.
 * @param scale the divisor by which libjpeg scales both sides.
 */
export function endsWithItsPixels(bytes: Uint8Array, { frame, scan }: JpegHead, scale: number): boolean {
  if (frame.isArithmetic) return false;
  const intervals = lastIntervals(bytes, scan, mcusOf(frame, scale));
  return intervals?.every((interval) => isWhole(bytes, interval, frame, scan)) ?? false;
}

// --- internal ---

/** Larger data is left to the full check, which frees its memory. */
const mostDataBytes = 2 ** 24;

/** Lines of a strip in libvips' JPEG loader. */
const stripLines = 8;

/** One instance per thread: calls share no state about a file. */
let kernel: EntropyKernel | undefined;
/** The tables in the instance: most files have the same. */
const defined: (Buffer | undefined)[] = [];

/** The data between two restart markers, or the start and the end of the scan. */
interface Interval {
  from: number;
  to: number;
  mcus: number;
}

function isWhole(bytes: Uint8Array, { from, to, mcus }: Interval, frame: JpegFrame, scan: JpegScan): boolean {
  if (to - from > mostDataBytes) return false;
  kernel ??= createEntropyKernel();
  const { blocks, tables } = blocksOf(frame, scan);
  const definition = kernel.heapStart.value;
  const data = definition + 512;
  const workspace = data + to - from;
  const missing = workspace + to - from + kernel.skimWorkspaceBytes.value - kernel.memory.buffer.byteLength;
  if (missing > 0) kernel.memory.grow(Math.ceil(missing / 65_536));
  const memory = new Uint8Array(kernel.memory.buffer);
  for (const slot of tables) {
    const table = scan.huffmanTables[slot] ?? standardHuffmanTables[slot];
    if (table === undefined) return false;
    if (defined[slot]?.equals(table)) continue;
    defined[slot] = Buffer.from(table);
    memory.set(table, definition);
    kernel.defineSkimTable(slot, definition);
  }
  memory.set(blocks, definition);
  memory.set(bytes.subarray(from, to), data);
  return kernel.endsWithLastMcu(data, data + to - from, mcus, definition, blocks.length, workspace) !== 0;
}

/**
 * Returns the intervals that contain MCUs from `first` on.
 *
 * @returns undefined if a restart marker is missing, repeated or out of order.
 */
function lastIntervals(
  bytes: Uint8Array,
  { restartInterval, dataStart, dataEnd }: JpegScan,
  { first, count }: { first: number; count: number },
): Interval[] | undefined {
  if (restartInterval === 0 || restartInterval >= count) return [{ from: dataStart, to: dataEnd, mcus: count }];
  const expected = Math.ceil(count / restartInterval) - 1;
  const restarts: number[] = [];
  const end = endOfData(bytes, dataStart, (at) => {
    // A hostile file may consist of restart markers.
    if (restarts.length <= expected) restarts.push(at);
  });
  const isInOrder = restarts.every((at, index) => bytes[at + 1] === 0xd0 + (index & 7));
  if (restarts.length !== expected || !isInOrder) return undefined;
  const starts = [dataStart, ...restarts.map((at) => at + 2)];
  const ends = [...restarts, end];
  return starts
    .map((from, index) => {
      const mcus = Math.min(restartInterval, count - index * restartInterval);
      return { from, to: ends[index]!, mcus };
    })
    .slice(Math.floor(first / restartInterval));
}

/** The number of MCUs in a scan of all components, and the first one with lines of the last strip. */
function mcusOf({ width, height, components }: JpegFrame, scale: number): { first: number; count: number } {
  // In a scan of one component, each MCU is one block.
  const isAlone = components.length === 1;
  const across = isAlone ? 1 : Math.max(...components.map(({ horizontal }) => horizontal));
  const down = isAlone ? 1 : Math.max(...components.map(({ vertical }) => vertical));
  const wide = Math.ceil(width / (8 * across));
  const firstLine = Math.max(0, Math.floor(height / scale) - stripLines) * scale;
  return { first: wide * Math.floor(firstLine / (8 * down)), count: wide * Math.ceil(height / (8 * down)) };
}

/** For each block of an MCU, its DC table and, in the upper half, its AC table; and the tables in use. */
function blocksOf({ components }: JpegFrame, scan: JpegScan): { blocks: number[]; tables: Set<number> } {
  const blocks = scan.components.flatMap(({ index, dcTable, acTable }) => {
    const { horizontal, vertical } = components[index]!;
    const count = scan.components.length === 1 ? 1 : horizontal * vertical;
    return new Array<number>(count).fill(dcTable | (acTable << 4));
  });
  return { blocks, tables: new Set(scan.components.flatMap(({ dcTable, acTable }) => [dcTable, 4 + acTable])) };
}
