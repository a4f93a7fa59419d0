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

let position: usize = 0;
let end: usize = 0;
let bits: u64 = 0;
let count: i32 = 0;
/** Bits appended after the end. */
let missing: i32 = 0;
let isInvalid: bool = false;

/** Reads byte by byte, without the stuffing after 0xff; appends zeros after the end. */
function fillSlowly(): void {
  while (count <= 32) {
    const byte: u64 = position < end ? load<u8>(position) : 0;
    bits = (bits << 8) | byte;
    count += 8;
    if (position >= end) missing += 8;
    else if (byte !== 0xff) position += 1;
    else if (position + 1 < end && load<u8>(position + 1) === 0) position += 2;
    else {
      // A marker ends the data.
      end = position;
      bits &= ~0xff;
      missing += 8;
    }
  }
}

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

/**
 * @param from start of data without restart markers; `to`: its end, unless a marker comes first.
 * @param blocks tables of an MCU's blocks, one byte each: DC in the lower half, AC in the upper half.
 * @returns whether all codes are valid and the last MCU ends within the last byte.
 */
export function endsWithLastMcu(from: usize, to: usize, mcus: i32, blocks: usize, blockCount: i32): bool {
  end = to;
  missing = 0;
  isInvalid = false;
  // Locals are kept in registers.
  let ahead: u64 = 0;
  let left: i32 = 0;
  let next = from;
  const lastBlock = blocks + (blockCount as usize);
  for (let mcu = 0; mcu < mcus; mcu += 1)
    for (let block = blocks; block < lastBlock; block += 1) {
      const slots = load<u8>(block) as usize;
      const ac = tables + (4 + (slots >> 4)) * tableBytes;
      let table = tables + (slots & 15) * tableBytes;
      let k = 0;
      while (k < 64) {
        if (left <= 32) {
          const word = load<u32>(next);
          if (next + 4 <= end && ((~word - 0x01010101) & word & 0x80808080) === 0) {
            ahead = (ahead << 32) | (bswap<u32>(word) as u64);
            left += 32;
            next += 4;
          } else {
            bits = ahead;
            count = left;
            position = next;
            fillSlowly();
            ahead = bits;
            left = count;
            next = position;
          }
        }
        const at = table + 4 * (((ahead >> ((left - shortBits) as u64)) & (shortMask as u64)) as usize);
        // A symbol has at most 16 coefficients, so below 48 the block cannot end between two symbols.
        let entry = (k < 48 ? load<u16>(at, 2) : load<u16>(at)) as i32;
        if (entry === 0) entry = slowEntry(table, ((ahead >> ((left - 16) as u64)) & 0xffff) as i32, k === 0);
        left -= entry & 31;
        k += entry >> 5;
        table = ac;
      }
      if (k > 64 && k < blockEnd) isInvalid = true;
    }
  left -= missing;
  return !isInvalid && left >= 0 && left < 8 && (next >= end || isMarker(next));
}

function isMarker(address: usize): bool {
  return load<u8>(address) === 0xff && (address + 1 >= end || load<u8>(address + 1) !== 0);
}
