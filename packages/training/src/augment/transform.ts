/** Affine transforms from output to input pixels, whose centers are at integer coordinates. */

/** Maps (x, y) to (ax + by + c, dx + ey + f). */
export type Transform = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

export const unmoved: Transform = [1, 0, 0, 0, 1, 0];

/** The transform that applies the first to the image, then the second to the result. */
export function concatenated([a, b, c, d, e, f]: Transform, second: Transform): Transform {
  const [a2, b2, c2, d2, e2, f2] = second;
  return [
    ...([a * a2 + b * d2, a * b2 + b * e2, a * c2 + b * f2 + c] as const),
    ...([d * a2 + e * d2, d * b2 + e * e2, d * c2 + e * f2 + f] as const),
  ];
}

/**
 * Rotates an image about its center.
 *
 * @param degrees clockwise.
 * @param size side of the image in pixels.
 */
export function rotation(degrees: number, size: number): Transform {
  const angle = (degrees * Math.PI) / 180;
  const [sin, cos, center] = [Math.sin(angle), Math.cos(angle), (size - 1) / 2];
  return [cos, sin, center * (1 - cos - sin), -sin, cos, center * (1 + sin - cos)];
}
