/** Shrink-on-load: libjpeg computes fewer pixels from each block of a JPEG (scaled DCT), and none at full size. */

/** The size of a JPEG before decoding. */
export interface StoredSize {
  /** Pixels, as stored. */
  width: number;
  height: number;
  /** EXIF orientation, 1 to 8. */
  orientation: number;
}

/** A part of an image, pixels with fractions. */
export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** What a decoder that scales returns; upright. */
export interface ShrunkSize {
  /** The divisor by which libjpeg scales both sides. */
  scale: 4 | 8;
  width: number;
  height: number;
  /** The whole picture: it extends beyond the result because libvips drops what does not fill a pixel of libjpeg's result. */
  box: Box;
}

/**
 * Chooses the size at which a JPEG is decoded, for a final resize by at least a factor of about two.
 *
 * libjpeg divides both sides by 4 or 8, the larger one that leaves twice the square's side. libvips then resizes by 4/5 or 8/9:
 * sharp has no option for libjpeg's scale, but derives it from the requested size and always leaves a rest to libvips.
 *
 * @param largestSquare side of the largest square that the image is resized to, pixels.
 * @returns undefined if a side is shorter than eight times the square's.
 */
export function shrunkSizeOf(
  { width, height, orientation }: StoredSize,
  largestSquare: number,
): ShrunkSize | undefined {
  const ratio = Math.min(width, height) / largestSquare;
  if (ratio < leastRatio || Math.min(width, height) < leastSide) return undefined;
  const scale = ratio >= 16 ? 8 : 4;
  const across = shrunkSide(width, scale);
  const down = shrunkSide(height, scale);
  // EXIF 2.32, 4.6.5: which stored side is the left and the upper one.
  const isTransposed = orientation >= 5;
  const isMirrored = [2, 3, 6, 7].includes(orientation);
  const isUpsideDown = [3, 4, 7, 8].includes(orientation);
  const [horizontal, vertical] = isTransposed ? [down, across] : [across, down];
  return {
    scale,
    width: horizontal.side,
    height: vertical.side,
    box: {
      left: isMirrored ? horizontal.side - horizontal.covered : 0,
      top: isUpsideDown ? vertical.side - vertical.covered : 0,
      width: horizontal.covered,
      height: vertical.covered,
    },
  };
}

// --- internal ---

/** Where both the speed and the result of libjpeg's scaling pay off. */
const leastRatio = 8;

/** From here on, a side divided by 5 and rounded down is more than an eighth of it, which sharp takes as a request for 1/4. */
const leastSide = 10;

/**
 * The side that sharp resizes to: it takes a reduction by at least one more than libjpeg's scale as a request for that scale.
 *
 * @returns `covered`: the side of the whole picture in pixels of the result, at least `side`.
 */
function shrunkSide(stored: number, scale: 4 | 8): { side: number; covered: number } {
  const side = Math.floor(stored / (scale + 1));
  return { side, covered: (side * (stored / scale)) / Math.floor(stored / scale) };
}
