/** The resize methods alone, for JavaScript without node: they need neither sharp nor a file system. */
export { resizeLikeOpenCv } from './decode-opencv.ts';
export { resizeLikePillow } from './decode-pillow.ts';
export type { RgbImage } from './rgb-image.ts';
