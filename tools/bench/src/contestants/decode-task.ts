/** JPEG files to squares of uint8 pixels in memory; a step is all files once. */
export interface DecodeTask {
  paths: readonly string[];
  /** Side of the squares, pixels. */
  inputSize: number;
  threads: number;
}

/** Chorus' own way, and the best that sharp can do: its JPEG decoder shrinks while it decodes, and its filter is its own. */
export type DecodeWay = 'chorus' | 'sharp';
