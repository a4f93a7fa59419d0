/** Damages JPEGs reproducibly by kind and number; `tools/golden/jpeg_damage.py` applies the same damage. */

export const damageKinds = [
  'cut',
  'cut, end marker set',
  'zero',
  'remove',
  'duplicate',
  'insert',
  'overwrite',
  'stray before a marker',
] as const;
export type DamageKind = (typeof damageKinds)[number];

export function damageJpeg(jpeg: Buffer, kind: DamageKind, number: number): Buffer {
  const below = xorshift(1000 * damageKinds.indexOf(kind) + number);
  const at = 2 + below(jpeg.length - 2);
  const length = 1 + below([4, 40, 400][below(3)]!);
  const noise = Buffer.from(Array.from({ length }, () => below(256)));
  const [before, behind] = [jpeg.subarray(0, at), jpeg.subarray(at)];
  switch (kind) {
    case 'cut':
      return before;
    case 'cut, end marker set':
      return Buffer.concat([before, Buffer.from([0xff, 0xd9])]);
    case 'zero':
      return Buffer.concat([before, Buffer.alloc(Math.min(length, behind.length)), behind.subarray(length)]);
    case 'remove':
      return Buffer.concat([before, behind.subarray(length)]);
    case 'duplicate':
      return Buffer.concat([before, behind.subarray(0, length), behind]);
    case 'insert':
      return Buffer.concat([before, noise, behind]);
    case 'overwrite':
      return Buffer.concat([before, noise, behind.subarray(length)]).subarray(0, jpeg.length);
    case 'stray before a marker': {
      const starts = segmentStarts(jpeg).slice(1);
      const place = starts[below(starts.length)]!;
      const stray = noise.map((byte) => (byte === 0xff ? 0xfe : byte));
      return Buffer.concat([jpeg.subarray(0, place), stray, jpeg.subarray(place)]);
    }
  }
}

/** Offsets of the markers that have a segment, and of the end marker, in an undamaged JPEG. */
export function segmentStarts(jpeg: Buffer): number[] {
  const starts: number[] = [];
  for (let at = 2; at < jpeg.length; ) {
    starts.push(at);
    const code = jpeg[at + 1]!;
    if (code === 0xd9) break;
    at += 2 + jpeg.readUInt16BE(at + 2);
    if (code === 0xda) while (jpeg[at] !== 0xff || isData(jpeg[at + 1]!)) at += 1;
  }
  return starts;
}

// --- internal ---

/** Whether the code is a stuffed byte or a restart marker. */
function isData(code: number): boolean {
  return code === 0 || (code >= 0xd0 && code <= 0xd7);
}

/** Marsaglia's 32-bit generator: integers from 0 up to, but not including, a limit. */
function xorshift(seed: number): (limit: number) => number {
  let state = (Math.imul(seed, 0x9e3779b1) + 1) >>> 0;
  const below = (limit: number) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state % limit;
  };
  for (let index = 0; index < 4; index += 1) below(1);
  return below;
}
