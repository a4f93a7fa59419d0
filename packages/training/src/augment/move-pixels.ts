/**
 * Crops, rotates and shears images as the kernel of the training step does, without TensorFlow. Its op takes several times as long
 * as a frozen MobileNetV2 does in onnxruntime, which hardly matters in a training step, but would for kept copies.
 */
import { columns, parameterCount } from './columns.ts';

/**
 * @param images [N, size, size, 3], 0 … 255.
 * @param parameters [N, parameterCount]
 * @returns [N, size, size, 3], 0 … 255, interpolated bilinearly; the images are reflected at their edges.
 */
export function movePixels(images: Uint8Array, parameters: Float32Array, size: number): Float32Array {
  const moved = new Float32Array(images.length);
  const imageLength = size * size * 3;
  for (let image = 0; image * imageLength < images.length; image += 1) {
    const at = image * parameterCount + columns.transform.start;
    const end = (image + 1) * imageLength;
    const from = images.subarray(image * imageLength, end);
    moveOne(from, parameters.subarray(at, at + 6), size, moved.subarray(image * imageLength, end));
  }
  return moved;
}

// --- internal ---

function moveOne(from: Uint8Array, transform: Float32Array, size: number, to: Float32Array): void {
  const [a, b, c, d, e, f] = transform as unknown as [number, number, number, number, number, number];
  const last = size - 1;
  let out = 0;
  for (let row = 0; row < size; row += 1)
    for (let column = 0; column < size; column += 1) {
      const x = reflected(a * column + b * row + c, size);
      const y = reflected(d * column + e * row + f, size);
      const [left, top] = [Math.floor(x), Math.floor(y)];
      const [right, bottom] = [Math.min(left + 1, last), Math.min(top + 1, last)];
      const [ofRight, ofBottom] = [x - left, y - top];
      const [above, below] = [top * size * 3, bottom * size * 3];
      const [before, after] = [left * 3, right * 3];
      for (let channel = 0; channel < 3; channel += 1) {
        const first = from[above + before + channel]!;
        const second = from[below + before + channel]!;
        const upper = first + ofRight * (from[above + after + channel]! - first);
        const lower = second + ofRight * (from[below + after + channel]! - second);
        to[out] = upper + ofBottom * (lower - upper);
        out += 1;
      }
    }
}

/** Maps a coordinate into 0 … size − 1: pixels abcd continue as dcba|abcd|dcba on both sides. */
function reflected(coordinate: number, size: number): number {
  if (coordinate >= 0 && coordinate <= size - 1) return coordinate;
  const period = 2 * size;
  // Half a pixel before the first pixel's center is its edge, about which it is reflected.
  let place = coordinate % period;
  if (place < 0) place += period;
  if (place >= size) place = period - 1 - place;
  return Math.min(Math.max(place, 0), size - 1);
}
