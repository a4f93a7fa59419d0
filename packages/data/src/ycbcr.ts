/** Converts Y, Cb and Cr in a TIFF to RGB (TIFF 6.0, sections 20 and 21). */

export interface YcbcrCoding {
  /** The weights of red, green and blue in luma (tag 529). */
  luma: readonly [number, number, number];
  /** The black and white codes of Y, Cb and Cr, in pairs (tag 532). */
  range: readonly number[];
}

/** ITU-R BT.601 at full range, the default of the TIFF specification. */
export const defaultYcbcr: YcbcrCoding = { luma: [0.299, 0.587, 0.114], range: [0, 255, 128, 255, 128, 255] };

/** Converts pixels in place. `data`: 8-bit values, `channels` samples per pixel, the first three Y, Cb and Cr. */
export function ycbcrToRgb(data: Uint8Array, channels: number, { luma, range }: YcbcrCoding): void {
  const [red, green, blue] = luma;
  // Scales a code's range to 0 … 255 for Y and -127 … 127 for the color differences.
  const [y, cb, cr] = [255, 127, 127].map((full, index) => {
    const [black, white] = [range[2 * index]!, range[2 * index + 1]!];
    return Float64Array.from({ length: 256 }, (_, code) => ((code - black) * full) / (white - black));
  });
  for (let index = 0; index < data.length; index += channels) {
    const brightness = y![data[index]!]!;
    const r = brightness + cr![data[index + 2]!]! * (2 - 2 * red);
    const b = brightness + cb![data[index + 1]!]! * (2 - 2 * blue);
    data[index] = toByte(r);
    data[index + 1] = toByte((brightness - red * r - blue * b) / green);
    data[index + 2] = toByte(b);
  }
}

// --- internal ---

function toByte(value: number): number {
  return Math.min(Math.max(Math.round(value), 0), 255);
}
