/**
 * Fast check that a Huffman-coded scan of all components ends with its last MCU. For such scans, libvips does not report
 * libjpeg's warnings about the last row of MCUs and what follows it.
 */

/**
 * A table has two 16-bit entries for each prefix of this many bits: for the first symbol, and for the first two if the prefix
 * contains their codes and values. Then, for each length, the last code and the position of its symbol.
 */
const shortBits: i32 = 12;
const shortMask: i32 = (1 << shortBits) - 1;
const lastCodes: usize = 4 << shortBits;
const placeOffsets: usize = lastCodes + 4 * 18;
const symbols: usize = placeOffsets + 4 * 18;
const tableBytes: usize = symbols + 256;

/** The number of coefficients counted for an end of block. */
const blockEnd: i32 = 128;

/** Bits of code and value together (lower 5) and the number of coefficients of a symbol. */
function entryOf(length: i32, symbol: i32, isDc: bool): i32 {
  const category = symbol & 15;
  const count = isDc || category > 0 || symbol === 0xf0 ? (symbol >> 4) + 1 : blockEnd;
  return (count << 5) | (length + category);
}

const tables: usize = memory.data(8 * (16384 + 144 + 256), 16);

/** Defines a table from a DHT segment: 16 counts, then at most 256 symbols; `slot` 0 to 3 for DC, then AC. */
export function defineSkimTable(slot: i32, definition: usize): void {
  const table = tables + (slot as usize) * tableBytes;
  memory.fill(table, 0, tableBytes);
  memory.copy(table + symbols, definition + 16, 256);
  let code = 0;
  let place = 0;
  for (let length = 1; length <= 16; length += 1) {
    const count = load<u8>(definition + ((length - 1) as usize)) as i32;
    store<i32>(table + lastCodes + 4 * (length as usize), code + count - 1);
    store<i32>(table + placeOffsets + 4 * (length as usize), place - code);
    if (length <= shortBits)
      for (let index = 0; index < count; index += 1) {
        const entry = entryOf(length, load<u8>(definition + 16 + ((place + index) as usize)), slot < 4);
        const first = ((code + index) << (shortBits - length)) & shortMask;
        for (let tail = 0; tail < 1 << (shortBits - length); tail += 1)
          store<u32>(table + 4 * ((first + tail) as usize), (entry << 16) | entry);
      }
    code = (code + count) << 1;
    place += count;
  }
  if (slot >= 4) joinPairs(table);
}

function joinPairs(table: usize): void {
  for (let beginning = 0; beginning <= shortMask; beginning += 1) {
    const at = table + 4 * (beginning as usize);
    const first = load<u16>(at) as i32;
    const used = first & 31;
    if (first === 0 || first >> 5 >= blockEnd || used >= shortBits) continue;
    const second = load<u16>(table + 4 * (((beginning << used) & shortMask) as usize)) as i32;
    if (second !== 0 && used + (second & 31) <= shortBits) store<u16>(at, (first + second) as u16, 2);
  }
}

let isInvalid: bool = false;

function slowEntry(table: usize, ahead: i32, isDc: bool): i32 {
  for (let length = shortBits + 1; length <= 16; length += 1) {
    const code = ahead >> (16 - length);
    if (code > load<i32>(table + lastCodes + 4 * (length as usize))) continue;
    const place = (load<i32>(table + placeOffsets + 4 * (length as usize)) + code) & 255;
    return entryOf(length, load<u8>(table + symbols + (place as usize)), isDc);
  }
  isInvalid = true;
  return (blockEnd << 5) | 16;
}

/** Zeros after the last byte: more than a block takes, 64 symbols of at most 31 bits. */
const tailBytes: usize = 288;

/** Bytes that {@link endsWithLastMcu} needs at `workspace`, in addition to those of the data. */
export const skimWorkspaceBytes: i32 = tailBytes as i32;

/**
 * Copies data without the stuffing after 0xff, up to a marker, in reverse order: the first byte directly below `top`. An unaligned
 * load then has the next byte of the data as its highest one.
 *
 * @returns the address of the last byte.
 */
function unstuff(from: usize, to: usize, top: usize): usize {
  let next = from;
  let last = top;
  while (next < to) {
    if (next + 16 <= to) {
      const chunk = v128.load(next);
      if (!v128.any_true(i8x16.eq(chunk, i8x16.splat(-1)))) {
        last -= 16;
        v128.store(last, i8x16.shuffle(chunk, chunk, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0));
        next += 16;
        continue;
      }
    }
    for (const chunkEnd = min(next + 16, to); next < chunkEnd; next += 1) {
      const byte = load<u8>(next);
      if (byte === 0xff) {
        // A marker ends the data.
        if (next + 1 >= to || load<u8>(next + 1) !== 0) return last;
        next += 1;
      }
      last -= 1;
      store<u8>(last, byte);
    }
  }
  return last;
}

/**
 * @param from start of data without restart markers; `to`: its end, unless a marker comes first.
 * @param blocks tables of an MCU's blocks, one byte each: DC in the lower half, AC in the upper half.
 * @param workspace address of as many bytes as the data has, and {@link skimWorkspaceBytes} more.
 * @returns whether all codes are valid and the last MCU ends within the last byte.
 */
export function endsWithLastMcu(
  from: usize,
  to: usize,
  mcus: i32,
  blocks: usize,
  blockCount: i32,
  workspace: usize,
): bool {
  isInvalid = false;
  const top = workspace + tailBytes + (to - from);
  const last = unstuff(from, to, top);
  memory.fill(last - tailBytes, 0, tailBytes);
  /** The next bits, from the highest one on, of which `left` count. */
  let bits: u64 = 0;
  let left: u64 = 0;
  let next = top - 8;
  const lastBlock = blocks + (blockCount as usize);
  for (let mcu = 0; mcu < mcus; mcu += 1)
    for (let block = blocks; block < lastBlock; block += 1) {
      // More than the data has been used.
      if (next + 16 < last) return false;
      const slots = load<u8>(block) as usize;
      const ac = tables + (4 + (slots >> 4)) * tableBytes;
      let table = tables + (slots & 15) * tableBytes;
      let k = 0;
      while (k < 64) {
        bits |= load<u64>(next) >> left;
        next -= ((63 - left) >> 3) as usize;
        left |= 56;
        // A symbol has at most 16 coefficients, so below 48 the block cannot end between two symbols.
        const offset: usize = k < 48 ? 2 : 0;
        let entry = load<u16>(table + 4 * ((bits >> (64 - shortBits)) as usize) + offset) as i32;
        if (entry === 0) entry = slowEntry(table, (bits >> 48) as i32, k === 0);
        const used = (entry & 31) as u64;
        bits <<= used;
        left -= used;
        k += entry >> 5;
        table = ac;
      }
      if (k > 64 && k < blockEnd) isInvalid = true;
    }
  const used = 8 * ((top - 8 - next) as i64) - (left as i64);
  const rest = 8 * ((top - last) as i64) - used;
  return !isInvalid && rest >= 0 && rest < 8;
}
