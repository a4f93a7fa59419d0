/** Writes features of images as a NumPy array: `node features.mjs BACKBONE WEIGHTS.h5 OUT.npy IMAGE…`. */
import { writeFeatures } from '@chorus/orchestration';

const [backbone, weights, out, ...images] = process.argv.slice(2);
if (images.length === 0) {
  console.error('usage: node features.mjs BACKBONE WEIGHTS.h5 OUT.npy IMAGE…');
  process.exit(2);
}
const { width } = await writeFeatures(out, images, { backbone, weights, inputSize: 64 });
console.log(`${out}: [${images.length}, ${width}] float32`);
