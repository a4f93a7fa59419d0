/** Converts CIE L*a*b* in a TIFF to sRGB (TIFF 6.0, section 23; ICC.1; IEC 61966-2-1). The white point is D50, as in ICC. */

export interface LabCoding {
  /** True for CIELab, whose a* and b* are signed; ICCLab adds 128 to them. */
  isSigned: boolean;
  /** The samples are the upper bytes of 16-bit values. */
  isDeep: boolean;
}

/** Converts pixels in place. `data`: 8-bit values, `channels` samples per pixel, the first three L*, a* and b*. */
export function labToRgb(data: Uint8Array, channels: number, { isSigned, isDeep }: LabCoding): void {
  // The center of the 16-bit values with this upper byte.
  const middle = isDeep ? 0.5 : 0;
  const difference = (code: number) => (isSigned ? (code << 24) >> 24 : code - 128) + middle;
  for (let index = 0; index < data.length; index += channels) {
    const y = (((data[index]! + middle) * 100) / 255 + 16) / 116;
    const x = cubed(y + difference(data[index + 1]!) / 500) * white[0];
    const z = cubed(y - difference(data[index + 2]!) / 200) * white[2];
    for (const [channel, [fromX, fromY, fromZ]] of toLinear.entries())
      data[index + channel] = encoded(fromX * x + fromY * cubed(y) * white[1] + fromZ * z);
  }
}

// --- internal ---

const white = [0.9642, 1, 0.8249] as const;

/** XYZ under D50 → linear sRGB, adapted by Bradford's matrix. */
const toLinear = [
  [3.1338561, -1.6168667, -0.4906146],
  [-0.9787684, 1.9161415, 0.033454],
  [0.0719453, -0.2289914, 1.4052427],
] as const;

function cubed(value: number): number {
  return value > 6 / 29 ? value ** 3 : 3 * (6 / 29) ** 2 * (value - 4 / 29);
}

function encoded(linear: number): number {
  const value = linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055;
  return Math.min(Math.max(Math.round(255 * value), 0), 255);
}
