import type { Box } from './shrink-on-load.ts';

/** [height, width, 3], RGB 0 … 255 in sRGB. */
export interface RgbImage {
  data: Uint8Array;
  width: number;
  height: number;
  /** Where the whole picture is, which may extend beyond `data` by less than a pixel; `data` itself if omitted. */
  box?: Box;
}
