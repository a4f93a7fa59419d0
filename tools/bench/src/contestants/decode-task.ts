/** Decodes JPEG files to squares of uint8 pixels in memory; a step decodes all files once. */
export interface DecodeTask {
  paths: readonly string[];
  /** Side of the squares, pixels. */
  inputSize: number;
  threads: number;
}

/**
 * Chorus's decoder, also with `shrinkOnLoad`, and the fastest use of sharp, which shrinks JPEGs while decoding and uses a
 * different filter.
 */
export type DecodeWay = 'chorus' | 'chorus-shrinking' | 'sharp';
