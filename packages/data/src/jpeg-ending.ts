/** Checks that a JPEG's only scan ends with its last MCU: the one fault that libjpeg, through libvips, does not report. */
import { createEntropyKernel, type EntropyKernel } from './jpeg-entropy-kernel.ts';
import { standardHuffmanTables } from './jpeg-standard-tables.ts';
import { endOfData, type JpegFrame, type JpegHead, type JpegScan } from './jpeg-structure.ts';

/**
 * Whether the last MCU of a scan of all components ends within the scan's last byte. Takes about 10 ms for 10 MB. False only
 * means that a full check is needed.
 *
 * @param head of `bytes`, with one scan.
 */
export function endsWithItsPixels(bytes: Uint8Array, { frame, scan }: JpegHead): boolean {
  if (frame.isArithmetic) return false;
  const last = lastInterval(bytes, frame, scan);
  if (last === undefined || last.to - last.from > mostDataBytes) return false;
  kernel ??= createEntropyKernel();
  const { blocks, tables } = blocksOf(frame, scan);
  const definition = kernel.heapStart.value;
  const data = definition + 512;
  const missing = data + last.to - last.from + 8 - kernel.memory.buffer.byteLength;
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
  memory.set(bytes.subarray(last.from, last.to), data);
  return kernel.endsWithLastMcu(data, data + last.to - last.from, last.mcus, definition, blocks.length) !== 0;
}

// --- internal ---

/** Larger data is left to the full check, which frees its memory. */
const mostDataBytes = 2 ** 25;

/** One instance per thread: calls share no state about a file. */
let kernel: EntropyKernel | undefined;
/** The tables in the instance: most files have the same. */
const defined: (Buffer | undefined)[] = [];

/** The data after the last restart marker: libjpeg reports errors before a restart marker. */
function lastInterval(bytes: Uint8Array, frame: JpegFrame, { restartInterval, dataStart, dataEnd }: JpegScan) {
  const mcus = mcusOf(frame);
  const restarts = restartInterval === 0 ? 0 : Math.ceil(mcus / restartInterval) - 1;
  if (restarts === 0) return { from: dataStart, to: dataEnd, mcus };
  const to = endOfData(bytes, dataStart);
  const marker = Buffer.from([0xff, 0xd0 + ((restarts - 1) & 7)]);
  const at = Buffer.from(bytes.buffer, bytes.byteOffset, to).lastIndexOf(marker);
  return at < dataStart ? undefined : { from: at + 2, to, mcus: mcus - restarts * restartInterval };
}

function mcusOf({ width, height, components }: JpegFrame): number {
  // In a scan of one component, each MCU is one block.
  const isAlone = components.length === 1;
  const across = isAlone ? 1 : Math.max(...components.map(({ horizontal }) => horizontal));
  const down = isAlone ? 1 : Math.max(...components.map(({ vertical }) => vertical));
  return Math.ceil(width / (8 * across)) * Math.ceil(height / (8 * down));
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
