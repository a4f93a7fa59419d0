/**
 * Decodes the entropy-coded data of a JPEG to check that it is complete, in AssemblyScript: Huffman and arithmetic coding,
 * sequential and progressive. Stores no coefficients. `src/jpeg-integrity.ts` manages its memory.
 */
import {
  arithmeticAc,
  arithmeticDc,
  arithmeticDcBit,
  arithmeticLeft,
  arithmeticOutcome,
  arithmeticRefinement,
  hasArithmeticFailed,
  startArithmetic,
  statisticBytes,
} from './jpeg-arithmetic';
import {
  buildTable,
  endsInZeroByte,
  huffmanAc,
  huffmanBand,
  huffmanDc,
  huffmanDcBit,
  huffmanLeft,
  huffmanRefinement,
  isPaddedWithOnes,
  isWithinRun,
  startHuffman,
  tableBytes,
} from './jpeg-huffman';
import { badCode, fits, noRestart, ok } from './jpeg-outcomes';

export { defineSkimTable, endsWithLastMcu, skimWorkspaceBytes } from './jpeg-skim';
export { buildTable };
/** The lowest writable address. */
export const heapStart: usize = __heap_base;
export const huffmanTableBytes: usize = tableBytes;
export const arithmeticBytes: usize = statisticBytes + 8;

/** Result of {@link decodeRows} while rows remain. */
export const unfinished: i32 = 4;

/** Fields of the current scan, 32 bits each, from `scan` on. */
enum Field {
  componentCount,
  mcusWide,
  mcusHigh,
  restartInterval,
  isProgressive,
  isArithmetic,
  from,
  last,
  high,
  low,
  limit,
  statistics,
  conditioning,
  components,
}

/** Fields of each component of the scan; decoding updates `dc`, `difference` and `context`. */
enum Part {
  blocksWide,
  blocksHigh,
  /** Masks per row. */
  stride,
  masks,
  quantization,
  dcTable,
  acTable,
  dc,
  difference,
  context,
  fieldCount,
}

/** Stray bytes tolerated after the last MCU, where no other evidence explains them. */
const strayBytes: i32 = 16;

/** Receives the mask of a block that belongs to no component. */
const scratch: usize = memory.data(8);
/** Whether the decoder is past the last MCU. */
let isTrial: bool = false;

let scan: usize = 0;
let to: usize = 0;
let segmentEnd: usize = 0;
let mcu: i32 = 0;
let untilRestart: i32 = 0;
let restarts: i32 = 0;
/** Bytes after the last MCU of a segment. */
export let leftBytes: i32 = 0;
/** Whether the end of a segment shows that the decoder lost synchronization. */
export let isOutOfStep: bool = false;

function field(name: i32): i32 {
  return load<i32>(scan + 4 * (name as usize));
}

function part(component: i32, name: i32): i32 {
  return load<i32>(partAt(component, name));
}

function partAt(component: i32, name: i32): usize {
  return scan + 4 * ((Field.components + component * Part.fieldCount + name) as usize);
}

/** The next row of MCUs to decode, from 0. */
export function currentRow(): i32 {
  return mcu / field(Field.mcusWide);
}

/** Starts a scan whose data lies between two addresses; the next marker is at the second. */
export function startScan(scanAt: usize, dataFrom: usize, dataTo: usize): void {
  scan = scanAt;
  to = dataTo;
  mcu = 0;
  restarts = 0;
  leftBytes = 0;
  isOutOfStep = false;
  startSegment(dataFrom);
}

/** Decodes the next rows; returns {@link unfinished}, the outcome of the first block that fails, or `ok` at the end. */
export function decodeRows(count: i32): i32 {
  const wide = field(Field.mcusWide);
  const total = wide * field(Field.mcusHigh);
  const interval = field(Field.restartInterval);
  const stop = min(total, mcu + count * wide);
  for (; mcu < stop; mcu += 1) {
    if (interval > 0 && mcu > 0 && untilRestart === 0) {
      const outcome = passRestart();
      if (outcome !== ok) return outcome;
    }
    untilRestart -= 1;
    const outcome = decodeMcu(mcu / wide, mcu % wide);
    if (outcome !== ok) return outcome;
  }
  if (mcu < total) return unfinished;
  endSegment();
  // A restart marker at the very end is harmless; further data after it does not belong to this scan.
  if (segmentEnd + 2 < to) {
    leftBytes += (to - segmentEnd) as i32;
    isOutOfStep = true;
  }
  return ok;
}

function startSegment(from: usize): void {
  segmentEnd = nextMarker(from);
  untilRestart = field(Field.restartInterval);
  for (let component = 0; component < field(Field.componentCount); component += 1) {
    store<i32>(partAt(component, Part.dc), 0);
    store<i32>(partAt(component, Part.context), 0);
  }
  if (field(Field.isArithmetic) !== 0)
    startArithmetic(from, segmentEnd, field(Field.statistics) as usize, field(Field.conditioning) as usize);
  else startHuffman(from, segmentEnd);
}

/** Decides whether bytes after the last MCU are stray or show that the decoder lost synchronization. */
function endSegment(): void {
  const isArithmetic = field(Field.isArithmetic) !== 0;
  const left = isArithmetic ? arithmeticLeft() : huffmanLeft();
  leftBytes += max(left, 0);
  if (isArithmetic) {
    // The final bits of arithmetic code are no evidence, so stray bytes cannot be told from lost synchronization.
    if (left > 0) isOutOfStep = true;
    return;
  }
  if (isWithinRun()) isOutOfStep = true;
  if (left <= 0) return;
  const isRefinement = field(Field.high) !== 0;
  if (!isPaddedWithOnes() || endsInZeroByte() || (isRefinement && left > strayBytes) || continues()) isOutOfStep = true;
}

/**
 * Whether the rest of the segment decodes exactly to its end. The remaining blocks do, if the decoder counted damage as
 * additional blocks; stray bytes hardly ever do.
 */
function continues(): bool {
  isTrial = true;
  let isAtEnd = false;
  const column = field(Field.mcusWide) - 1;
  const row = field(Field.mcusHigh) - 1;
  while (!isAtEnd && decodeMcu(row, column) === ok)
    isAtEnd = huffmanLeft() === 0 && isPaddedWithOnes() && !isWithinRun();
  isTrial = false;
  return isAtEnd;
}

function passRestart(): i32 {
  endSegment();
  let marker = segmentEnd;
  while (marker < to && load<u8>(marker) === 0xff) marker += 1;
  if (marker >= to || (load<u8>(marker) as i32) !== 0xd0 + (restarts & 7)) return noRestart;
  restarts += 1;
  startSegment(marker + 1);
  return ok;
}

/** Address of the next 0xff that is part of a marker. */
function nextMarker(from: usize): usize {
  for (let at = from; at < to; at += 1) {
    if (load<u8>(at) !== 0xff) continue;
    const first = at;
    while (at + 1 < to && load<u8>(at + 1) === 0xff) at += 1;
    if (at + 1 >= to) return first;
    if (load<u8>(at + 1) !== 0) return first;
    at += 1;
  }
  return to;
}

function decodeMcu(row: i32, column: i32): i32 {
  const isProgressive = field(Field.isProgressive) !== 0;
  for (let component = 0; component < field(Field.componentCount); component += 1) {
    const wide = part(component, Part.blocksWide);
    const high = part(component, Part.blocksHigh);
    const stride = part(component, Part.stride);
    for (let y = row * high; y < (row + 1) * high; y += 1)
      for (let x = column * wide; x < (column + 1) * wide; x += 1) {
        const own = (part(component, Part.masks) as usize) + 8 * ((y * stride + x) as usize);
        const mask = isTrial ? scratch : own;
        const outcome = isProgressive ? decodeProgressive(component, mask) : decodeSequential(component, mask);
        if (outcome !== ok) return outcome;
      }
  }
  return ok;
}

function decodeSequential(component: i32, mask: usize): i32 {
  const outcome = decodeDc(component, 0);
  if (outcome !== ok) return outcome;
  const table = part(component, Part.acTable);
  const quantization = part(component, Part.quantization) as usize;
  const limit = field(Field.limit);
  if (field(Field.isArithmetic) !== 0) return arithmeticAc(table, 1, 63, 0, quantization, limit, mask);
  return huffmanAc(table as usize, quantization, limit);
}

function decodeProgressive(component: i32, mask: usize): i32 {
  const from = field(Field.from);
  const last = field(Field.last);
  const low = field(Field.low);
  const isFirst = field(Field.high) === 0;
  const isArithmetic = field(Field.isArithmetic) !== 0;
  if (from === 0) {
    if (isFirst) return decodeDc(component, low);
    return isArithmetic ? arithmeticDcBit() : huffmanDcBit();
  }
  const table = part(component, Part.acTable);
  const quantization = part(component, Part.quantization) as usize;
  const limit = field(Field.limit);
  if (isFirst)
    return isArithmetic
      ? arithmeticAc(table, from, last, low, quantization, limit, mask)
      : huffmanBand(table as usize, from, last, low, quantization, limit, mask);
  return isArithmetic
    ? arithmeticRefinement(table, from, last, mask)
    : huffmanRefinement(table as usize, from, last, mask);
}

function decodeDc(component: i32, low: i32): i32 {
  const table = part(component, Part.dcTable);
  let difference = 0;
  if (field(Field.isArithmetic) !== 0) {
    difference = arithmeticDc(table, partAt(component, Part.context));
    if (hasArithmeticFailed()) return badCode;
    const outcome = arithmeticOutcome();
    if (outcome !== ok) return outcome;
  } else {
    const at = partAt(component, Part.difference);
    const outcome = huffmanDc(table as usize, at);
    if (outcome !== ok) return outcome;
    difference = load<i32>(at);
  }
  const dc = part(component, Part.dc) + difference;
  store<i32>(partAt(component, Part.dc), dc);
  const quantization = part(component, Part.quantization) as usize;
  // During a trial, the first difference does not refer to the previous DC value.
  return isTrial || fits(abs(dc) << low, 0, quantization, field(Field.limit)) ? ok : badCode;
}
