/** The arithmetic decoder of JPEG (ITU-T T.81, annex D) and its models of DC and AC coefficients (annexes F.1.4 and G.1.3). */
import { badCode, fits, ok, overrun } from './jpeg-outcomes';

/** Bytes of adaptive probability state: {@link statisticBytes} for DC, then for AC. */
export const dcStatisticBytes: usize = 64;
export const acStatisticBytes: usize = 256;
export const statisticBytes: usize = 4 * (dcStatisticBytes + acStatisticBytes);

/**
 * Maximum number of zero bytes supplied past the end of a segment: a decoder reads up to three bytes past it, and encoders omit
 * trailing zero bytes. One of 480 undamaged files needs more, but each further byte would accept data that lacks one more byte.
 */
const allowedZeros: i32 = 4;

/** Table D.3: probability in the upper half, next state after the more probable symbol, switch, next after the less probable. */
// biome-ignore format: a table
const states: StaticArray<u32> = [
  0x5a1d0181, 0x2586020e, 0x11140310, 0x080b0412, 0x03d80514, 0x01da0617, 0x00e50719, 0x006f081c,
  0x0036091e, 0x001a0a21, 0x000d0b23, 0x00060c09, 0x00030d0a, 0x00010d0c, 0x5a7f0f8f, 0x3f251024,
  0x2cf21126, 0x207c1227, 0x17b91328, 0x1182142a, 0x0cef152b, 0x09a1162d, 0x072f172e, 0x055c1830,
  0x04061931, 0x03031a33, 0x02401b34, 0x01b11c36, 0x01441d38, 0x00f51e39, 0x00b71f3b, 0x008a203c,
  0x0068213e, 0x004e223f, 0x003b2320, 0x002c0921, 0x5ae125a5, 0x484c2640, 0x3a0d2741, 0x2ef12843,
  0x261f2944, 0x1f332a45, 0x19a82b46, 0x15182c48, 0x11772d49, 0x0e742e4a, 0x0bfb2f4b, 0x09f8304d,
  0x0861314e, 0x0706324f, 0x05cd3330, 0x04de3432, 0x040f3532, 0x03633633, 0x02d43734, 0x025c3835,
  0x01f83936, 0x01a43a37, 0x01603b38, 0x01253c39, 0x00f63d3a, 0x00cb3e3b, 0x00ab3f3d, 0x008f203d,
  0x5b1241c1, 0x4d044250, 0x412c4351, 0x37d84452, 0x2fe84553, 0x293c4654, 0x23794756, 0x1edf4857,
  0x1aa94957, 0x174e4a48, 0x14244b48, 0x119c4c4a, 0x0f6b4d4a, 0x0d514e4b, 0x0bb64f4d, 0x0a40304d,
  0x583251d0, 0x4d1c5258, 0x438e5359, 0x3bdd545a, 0x34ee555b, 0x2eae565c, 0x299a575d, 0x25164756,
  0x557059d8, 0x4ca95a5f, 0x44d95b60, 0x3e225c61, 0x38245d63, 0x32b45e63, 0x2e17565d, 0x56a860df,
  0x4f466165, 0x47e56266, 0x41cf6367, 0x3c3d6468, 0x375e5d63, 0x52316669, 0x4c0f676a, 0x4639686b,
  0x415e6367, 0x56276ae9, 0x50e76b6c, 0x4b85676d, 0x55976d6e, 0x504f6b6f, 0x5a106fee, 0x55226d70,
  0x59eb6ff0, 0x5a1d7171,
];
/** The state whose probability stays one half, for signs and corrections. */
const evenState: u8 = 113;

let at: usize = 0;
let end: usize = 0;
let register: u32 = 0;
let interval: u32 = 0;
let shift: i32 = 0;
let zeros: i32 = 0;
let hasFailed: bool = false;

let statistics: usize = 0;
/** Address of a byte that holds {@link evenState}. */
let even: usize = 0;
/** For all tables, as set by DAC: 4 values of L, 4 of U, 4 of K, one byte each. */
let conditioning: usize = 0;

/** Starts a segment, the data between two restart markers. */
export function startArithmetic(from: usize, to: usize, statisticsAt: usize, conditioningAt: usize): void {
  at = from;
  end = to;
  register = 0;
  interval = 0;
  shift = -16;
  zeros = 0;
  hasFailed = false;
  statistics = statisticsAt;
  conditioning = conditioningAt;
  memory.fill(statistics, 0, statisticBytes + 1);
  even = statistics + statisticBytes;
  store<u8>(even, evenState);
}

/** The number of unread bytes of the segment. */
export function arithmeticLeft(): i32 {
  return (end - at) as i32;
}

export function arithmeticOutcome(): i32 {
  return zeros > allowedZeros ? overrun : ok;
}

function readByte(): u32 {
  if (at >= end) {
    zeros += 1;
    return 0;
  }
  const byte = load<u8>(at) as u32;
  // Within a segment, a zero byte after 0xff is stuffing.
  at += byte === 0xff ? 2 : 1;
  return byte;
}

/** Decodes one decision (figures D.1 to D.6). */
function decide(statistic: usize): bool {
  while (interval < 0x8000) {
    shift -= 1;
    if (shift < 0) {
      register = (register << 8) | readByte();
      shift += 8;
      if (shift < 0) {
        shift += 1;
        // Decoding begins when the first two bytes have been read.
        if (shift === 0) interval = 0x8000;
      }
    }
    interval <<= 1;
  }
  const value = load<u8>(statistic);
  const state = unchecked(states[(value & 0x7f) as i32]);
  const probability = state >> 16;
  const afterMore = ((state >> 8) & 0xff) as u8;
  const afterLess = (state & 0xff) as u8;
  const sense = value & 0x80;
  let symbol = sense;
  interval -= probability;
  const bound = interval << (shift as u32);
  if (register >= bound) {
    register -= bound;
    if (interval < probability) store<u8>(statistic, sense ^ afterMore);
    else {
      store<u8>(statistic, sense ^ afterLess);
      symbol ^= 0x80;
    }
    interval = probability;
  } else if (interval < 0x8000) {
    if (interval < probability) {
      store<u8>(statistic, sense ^ afterLess);
      symbol ^= 0x80;
    } else store<u8>(statistic, sense ^ afterMore);
  }
  return symbol !== 0;
}

/** Decodes the bits of a magnitude below its highest bit, `high`. */
function magnitude(high: i32, statistic: usize): i32 {
  let value = high;
  for (let bit = high >> 1; bit !== 0; bit >>= 1) if (decide(statistic + 14)) value |= bit;
  return value + 1;
}

/**
 * Decodes a DC difference. Its class, 0 to 16 in steps of 4, is the context of the next one. Check {@link hasArithmeticFailed}
 * afterwards.
 */
export function arithmeticDc(table: i32, contextAt: usize): i32 {
  const first = statistics + (table as usize) * dcStatisticBytes;
  let statistic = first + (load<i32>(contextAt) as usize);
  if (!decide(statistic)) {
    store<i32>(contextAt, 0);
    return 0;
  }
  const isNegative = decide(statistic + 1);
  statistic += isNegative ? 3 : 2;
  let high: i32 = decide(statistic) ? 1 : 0;
  if (high !== 0) {
    statistic = first + 20;
    while (decide(statistic)) {
      high <<= 1;
      if (high === 0x8000) {
        hasFailed = true;
        return 0;
      }
      statistic += 1;
    }
  }
  const lower = load<u8>(conditioning + (table as usize)) as i32;
  const upper = load<u8>(conditioning + 4 + (table as usize)) as i32;
  if (high < (1 << lower) >> 1) store<i32>(contextAt, 0);
  else store<i32>(contextAt, (high > (1 << upper) >> 1 ? 12 : 4) + (isNegative ? 4 : 0));
  const value = magnitude(high, statistic);
  return isNegative ? -value : value;
}

export function hasArithmeticFailed(): bool {
  return hasFailed;
}

/** Decodes the first scan of the coefficients from `k` to `last` (annex F.1.4.2); sets their bits in the mask. */
export function arithmeticAc(
  table: i32,
  from: i32,
  last: i32,
  low: i32,
  quantization: usize,
  limit: i32,
  mask: usize,
): i32 {
  const first = statistics + 4 * dcStatisticBytes + (table as usize) * acStatisticBytes;
  let seen = load<u64>(mask);
  for (let k = from; k <= last; k += 1) {
    let statistic = first + 3 * ((k - 1) as usize);
    if (decide(statistic)) break;
    while (!decide(statistic + 1)) {
      statistic += 3;
      k += 1;
      if (k > last) return badCode;
    }
    decide(even);
    statistic += 2;
    let high: i32 = decide(statistic) ? 1 : 0;
    if (high !== 0 && decide(statistic)) {
      high <<= 1;
      statistic = first + (k <= (load<u8>(conditioning + 8 + (table as usize)) as i32) ? 189 : 217);
      while (decide(statistic)) {
        high <<= 1;
        if (high === 0x8000) return badCode;
        statistic += 1;
      }
    }
    if (!fits(magnitude(high, statistic) << low, k, quantization, limit)) return badCode;
    seen |= (1 as u64) << (k as u64);
  }
  store<u64>(mask, seen);
  return arithmeticOutcome();
}

/** Decodes a refinement bit for the coefficients from `from` to `last` (annex G.1.3.3). */
export function arithmeticRefinement(table: i32, from: i32, last: i32, mask: usize): i32 {
  const first = statistics + 4 * dcStatisticBytes + (table as usize) * acStatisticBytes;
  let seen = load<u64>(mask);
  let lastSeen = last;
  while (lastSeen > 0 && ((seen >> (lastSeen as u64)) & 1) === 0) lastSeen -= 1;
  for (let k = from; k <= last; k += 1) {
    let statistic = first + 3 * ((k - 1) as usize);
    if (k > lastSeen && decide(statistic)) break;
    for (;;) {
      if (((seen >> (k as u64)) & 1) !== 0) {
        decide(statistic + 2);
        break;
      }
      if (decide(statistic + 1)) {
        decide(even);
        seen |= (1 as u64) << (k as u64);
        break;
      }
      statistic += 3;
      k += 1;
      if (k > last) return badCode;
    }
  }
  store<u64>(mask, seen);
  return arithmeticOutcome();
}

/** Decodes a refinement bit of a DC coefficient. */
export function arithmeticDcBit(): i32 {
  decide(even);
  return arithmeticOutcome();
}
