/** Positions of the parameters in a row. */
export const columns = {
  /** Eight numbers of a projective transform from output to input pixels; the last two are 0. */
  transform: { start: 0, length: 8 },
  /** A color matrix [3, 4]. */
  colors: { start: 8, length: 12 },
  /** An erased rectangle in pixels: top, left, bottom, right; the latter two are excluded. */
  erased: { start: 20, length: 4 },
  /** A rectangle of another image, as above. */
  cut: { start: 24, length: 4 },
  /** The image's share in the other pixels. */
  blend: { start: 28, length: 1 },
  /** The image's share in the label. */
  ownShare: { start: 29, length: 1 },
  /** Weights of a blurred pixel's neighbors in a row or column. */
  blur: { start: 30, length: 9 },
  /** Of the policy's operations: sharpness, levelStep, solarizeFrom, stretches. */
  operations: { start: 39, length: 4 },
} as const;

/** Numbers per image. */
export const parameterCount = 43;
