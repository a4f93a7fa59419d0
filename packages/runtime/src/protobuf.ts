/** The subset of the protocol buffer encoding that Chorus needs for TensorFlow's messages. */

/** A decoded field: a number (varint), or bytes (string, message, packed list, fixed 32 or 64 bits). */
export interface Field {
  number: number;
  value: number | Uint8Array;
}

/** @param value an integer; negative values take ten bytes, as int64. */
export function integer(field: number, value: number): number[] {
  return [...varint(field * 8), ...varint(value)];
}

export function message(field: number, content: readonly number[]): number[] {
  return [...varint(field * 8 + 2), ...varint(content.length), ...content];
}

export function text(field: number, value: string): number[] {
  return message(field, [...new TextEncoder().encode(value)]);
}

/** Encodes a 32-bit float. */
export function float(field: number, value: number): number[] {
  return [...varint(field * 8 + 5), ...floatBytes(value)];
}

/** Encodes floats as a packed field. */
export function packedFloats(field: number, values: readonly number[]): number[] {
  return message(
    field,
    values.flatMap((value) => floatBytes(value)),
  );
}

export function packedIntegers(field: number, values: readonly number[]): number[] {
  return message(
    field,
    values.flatMap((value) => varint(value)),
  );
}

/** Encodes the tag and length of a field whose `length` bytes follow. */
export function bytesHeader(field: number, length: number): number[] {
  return [...varint(field * 8 + 2), ...varint(length)];
}

/**
 * Decodes the fields of a message in order; nested messages need another call.
 *
 * @throws RangeError for bytes that are not a valid message.
 */
export function* fieldsOf(bytes: Uint8Array): Generator<Field> {
  let position = 0;
  const next = (): number => {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = bytes[position];
      if (byte === undefined) throw new RangeError('the message ends within a field');
      position += 1;
      value += (byte & 0x7f) * shift;
      if (byte < 0x80) return value;
    }
  };
  const take = (length: number): Uint8Array => {
    const taken = bytes.subarray(position, position + length);
    if (taken.length < length) throw new RangeError('the message ends within a field');
    position += length;
    return taken;
  };
  while (position < bytes.length) {
    const tag = next();
    const number = Math.floor(tag / 8);
    const wireType = tag % 8;
    if (wireType === 0) yield { number, value: next() };
    else if (wireType === 1) yield { number, value: take(8) };
    else if (wireType === 2) yield { number, value: take(next()) };
    else if (wireType === 5) yield { number, value: take(4) };
    else throw new RangeError(`unknown wire type ${wireType}`);
  }
}

// --- internal ---

function varint(value: number): number[] {
  if (value < 0) return bigVarint(BigInt.asUintN(64, BigInt(value)));
  return value < 0x80 ? [value] : [(value % 0x80) | 0x80, ...varint(Math.floor(value / 0x80))];
}

function bigVarint(value: bigint): number[] {
  return value < 0x80n ? [Number(value)] : [Number(value & 0x7fn) | 0x80, ...bigVarint(value >> 7n)];
}

function floatBytes(value: number): number[] {
  return [...new Uint8Array(Float32Array.of(value).buffer)];
}
