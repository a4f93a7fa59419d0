import { grayWeights } from './colors.ts';
import { columns, parameterCount } from './columns.ts';

/**
 * Changes the colors of images as the training step does, without TensorFlow.
 *
 * @param images [N, size, size, 3], 0 … 255; changed in place.
 * @param parameters [N, parameterCount]
 * @param size side of the images in pixels.
 */
export function colorPixels(images: Float32Array, parameters: Float32Array, size: number): void {
  const imageLength = size * size * 3;
  for (let image = 0; image * imageLength < images.length; image += 1) {
    const at = image * parameterCount + columns.colors.start;
    const pixels = images.subarray(image * imageLength, (image + 1) * imageLength);
    colorOne(pixels, parameters.subarray(at, at + columns.colors.length));
  }
}

// --- internal ---

/** @param matrix [3, 4]: of red, green, blue and the image's mean gray. */
function colorOne(pixels: Float32Array, matrix: Float32Array): void {
  const mean = meanGray(pixels);
  const row = (channel: number) =>
    Array.from(matrix.subarray(4 * channel, 4 * channel + 4)) as [number, number, number, number];
  const [[a, b, c, d], [e, f, g, h], [i, j, k, l]] = [row(0), row(1), row(2)];
  for (let at = 0; at < pixels.length; at += 3) {
    const [red, green, blue] = [pixels[at]!, pixels[at + 1]!, pixels[at + 2]!];
    pixels[at] = limited(a * red + b * green + c * blue + d * mean);
    pixels[at + 1] = limited(e * red + f * green + g * blue + h * mean);
    pixels[at + 2] = limited(i * red + j * green + k * blue + l * mean);
  }
}

function meanGray(pixels: Float32Array): number {
  const [ofRed, ofGreen, ofBlue] = grayWeights;
  let sum = 0;
  for (let at = 0; at < pixels.length; at += 3)
    sum += ofRed! * pixels[at]! + ofGreen! * pixels[at + 1]! + ofBlue! * pixels[at + 2]!;
  return (3 * sum) / pixels.length;
}

function limited(value: number): number {
  return Math.min(Math.max(value, 0), 255);
}
