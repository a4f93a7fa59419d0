/** Classifies images with a bundle: `node predict.mjs BUNDLE IMAGE…`. */
import { predictFiles } from '@chorus/orchestration';

const [bundle, ...images] = process.argv.slice(2);
if (bundle === undefined || images.length === 0) {
  console.error('usage: node predict.mjs BUNDLE IMAGE…');
  process.exit(2);
}
const { predictions, skipped } = await predictFiles(bundle, images);
for (const { path, predicted, probabilities } of predictions)
  console.log(`${path}: ${predicted} (${(100 * probabilities[predicted]).toFixed(1)} %)`);
for (const { path, reason } of skipped) console.error(`${path}: ${reason}`);
