/** Locates a GIF's first frame: libvips fills uncovered pixels with black and guesses the canvas size of some files. */

export interface GifLayout {
  /** The canvas: the screen size, enlarged to contain the first frame, as in browsers and Pillow. */
  width: number;
  height: number;
  /** The part of the canvas that the first frame covers. */
  frame: { left: number; top: number; width: number; height: number };
  /** Offset of the frame's LZW data. */
  dataStart: number;
}

/**
 * Reads a GIF's blocks up to its first frame (GIF89a, sections 18 to 26).
 *
 * @throws Error if there is no frame or the first one has no pixels.
 */
export function readGifLayout(bytes: Uint8Array): GifLayout {
  const u16 = (at: number) => byteAt(bytes, at) | (byteAt(bytes, at + 1) << 8);
  let at = 13 + colorTableBytes(byteAt(bytes, 10));
  // An extension consists of a label and blocks, ending with one of length 0.
  while (byteAt(bytes, at) === 0x21) {
    at += 2;
    while (byteAt(bytes, at) !== 0) at += 1 + byteAt(bytes, at);
    at += 1;
  }
  if (byteAt(bytes, at) !== 0x2c) throw new Error('damaged: a GIF without a frame');
  const [left, top, width, height] = [u16(at + 1), u16(at + 3), u16(at + 5), u16(at + 7)];
  if (width === 0 || height === 0) throw new Error(`damaged: a GIF whose first frame has ${width} × ${height} pixels`);
  return {
    width: Math.max(u16(6), left + width),
    height: Math.max(u16(8), top + height),
    frame: { left, top, width, height },
    dataStart: at + 10 + colorTableBytes(byteAt(bytes, at + 9)),
  };
}

// --- internal ---

function byteAt(bytes: Uint8Array, at: number): number {
  const value = bytes[at];
  if (value === undefined) throw new Error('damaged: a GIF that ends before its first frame');
  return value;
}

function colorTableBytes(flags: number): number {
  return flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0;
}
