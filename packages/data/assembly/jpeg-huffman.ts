/** The Huffman decoder of JPEG (ITU-T T.81, annexes F.2.2 and G.2). */
import { badCode, fits, ok, overrun } from './jpeg-outcomes';

/** A decoding table has an entry for every 16-bit input: the code's length (upper byte) and symbol; 0 for an invalid code. */
export const tableBytes: usize = 2 * 65536;

let at: usize = 0;
let end: usize = 0;
/** Bits read but not yet used; the next one is the highest of `count`. */
let bits: u64 = 0;
let count: i32 = 0;
/** Number of bits used past the end. */
let missing: i32 = 0;
/** Remaining blocks without coefficients in the band (EOBRUN). */
let emptyBlocks: i32 = 0;

/** Starts a segment, the data between two restart markers. */
export function startHuffman(from: usize, to: usize): void {
  at = from;
  end = to;
  bits = 0;
  count = 0;
  missing = 0;
  emptyBlocks = 0;
}

/** The number of unused whole bytes of the segment. */
export function huffmanLeft(): i32 {
  return ((at < end ? end - at : 0) as i32) + ((count - missing) >> 3);
}

/** Whether the last byte is padded with ones, as the standard requires. */
export function isPaddedWithOnes(): bool {
  const padding = (count - missing) & 7;
  const ones = (1 << padding) - 1;
  return (((bits >> ((count - padding) as u64)) as i32) & ones) === ones;
}

/** Whether the last byte is fully used and zero, which encoders hardly ever write. */
export function endsInZeroByte(): bool {
  return ((count - missing) & 7) === 0 && ((bits >> (count as u64)) & 0xff) === 0;
}

/** Whether an end-of-band run exceeds the segment, which encoders never write. */
export function isWithinRun(): bool {
  return emptyBlocks > 0;
}

/**
 * Builds a decoding table.
 *
 * @param lengths the number of codes of 1 to 16 bits, one byte each, followed by their symbols.
 * @returns false if there are more codes than their lengths allow.
 */
export function buildTable(lengths: usize, table: usize): bool {
  memory.fill(table, 0, tableBytes);
  let symbol = lengths + 16;
  let code: u32 = 0;
  for (let length: u32 = 1; length <= 16; length += 1) {
    const span: u32 = 1 << (16 - length);
    for (let left = load<u8>(lengths + ((length - 1) as usize)); left > 0; left -= 1) {
      if (code + span > 65536) return false;
      const entry = ((length << 8) | (load<u8>(symbol) as u32)) as u16;
      for (let index: u32 = 0; index < span; index += 1) store<u16>(table + 2 * ((code + index) as usize), entry);
      code += span;
      symbol += 1;
    }
  }
  return true;
}

function fill(): void {
  while (count <= 48) {
    if (at >= end) {
      bits <<= 16;
      count += 16;
      missing += 16;
      continue;
    }
    const byte = load<u8>(at);
    // Within a segment, a zero byte after 0xff is stuffing.
    at += byte === 0xff ? 2 : 1;
    bits = (bits << 8) | (byte as u64);
    count += 8;
  }
}

/** Decodes a symbol, or returns -1. */
function decode(table: usize): i32 {
  if (count < 16) fill();
  const next = ((bits >> ((count - 16) as u64)) & 0xffff) as usize;
  const entry = load<u16>(table + 2 * next) as i32;
  if (entry === 0) return -1;
  count -= entry >> 8;
  return entry & 0xff;
}

/** Reads bits, at most 16. */
function take(length: i32): i32 {
  if (count < length) fill();
  count -= length;
  return ((bits >> (count as u64)) & (((1 as u64) << (length as u64)) - 1)) as i32;
}

/** Reads a difference or coefficient with this number of bits. */
function extend(length: i32): i32 {
  if (length === 0) return 0;
  const value = take(length);
  return value < 1 << (length - 1) ? value - (1 << length) + 1 : value;
}

/** Reports whether bits past the end were used. */
export function huffmanOutcome(): i32 {
  return missing > count ? overrun : ok;
}

/** Decodes a DC difference and stores it in 32 bits; returns the outcome. */
export function huffmanDc(table: usize, difference: usize): i32 {
  const length = decode(table);
  if (length < 0 || length > 15) return failed();
  store<i32>(difference, extend(length));
  return huffmanOutcome();
}

/** Distinguishes a bad code from zeros past the end of the data. */
function failed(): i32 {
  return missing > count ? overrun : badCode;
}

/** Decodes a block's AC coefficients in a sequential file. */
export function huffmanAc(table: usize, quantization: usize, limit: i32): i32 {
  for (let k = 1; k < 64; k += 1) {
    const symbol = decode(table);
    if (symbol < 0) return failed();
    const length = symbol & 15;
    const run = symbol >> 4;
    if (length === 0) {
      if (run < 15) break;
      k += 15;
      if (k > 63) return failed();
      continue;
    }
    k += run;
    if (k > 63) return failed();
    if (!fits(abs(extend(length)), k, quantization, limit)) return failed();
  }
  return huffmanOutcome();
}

/** Decodes the first scan of a band of coefficients (figure G.3). */
export function huffmanBand(
  table: usize,
  from: i32,
  last: i32,
  low: i32,
  quantization: usize,
  limit: i32,
  mask: usize,
): i32 {
  if (emptyBlocks > 0) {
    emptyBlocks -= 1;
    return ok;
  }
  let seen = load<u64>(mask);
  for (let k = from; k <= last; k += 1) {
    const symbol = decode(table);
    if (symbol < 0) return failed();
    const length = symbol & 15;
    const run = symbol >> 4;
    if (length === 0 && run < 15) {
      emptyBlocks = (1 << run) - 1 + (run === 0 ? 0 : take(run));
      break;
    }
    k += run;
    if (k > last) return failed();
    if (length === 0) continue;
    if (!fits(abs(extend(length)) << low, k, quantization, limit)) return failed();
    seen |= (1 as u64) << (k as u64);
  }
  store<u64>(mask, seen);
  return huffmanOutcome();
}

/** Decodes a refinement scan of a band of coefficients (figures G.7 to G.9). */
export function huffmanRefinement(table: usize, from: i32, last: i32, mask: usize): i32 {
  let seen = load<u64>(mask);
  let k = from;
  if (emptyBlocks === 0) {
    for (; k <= last; k += 1) {
      const symbol = decode(table);
      if (symbol < 0) return failed();
      const length = symbol & 15;
      let run = symbol >> 4;
      if (length === 0 && run < 15) {
        emptyBlocks = (1 << run) + (run === 0 ? 0 : take(run));
        break;
      }
      if (length > 1) return failed();
      if (length === 1) take(1);
      for (; k <= last; k += 1) {
        if (((seen >> (k as u64)) & 1) !== 0) take(1);
        else {
          run -= 1;
          if (run < 0) break;
        }
      }
      if (length === 0) continue;
      if (k > last) return failed();
      seen |= (1 as u64) << (k as u64);
    }
  }
  if (emptyBlocks > 0) {
    for (; k <= last; k += 1) if (((seen >> (k as u64)) & 1) !== 0) take(1);
    emptyBlocks -= 1;
  }
  store<u64>(mask, seen);
  return huffmanOutcome();
}

/** Decodes a refinement bit of a DC coefficient. */
export function huffmanDcBit(): i32 {
  take(1);
  return huffmanOutcome();
}
