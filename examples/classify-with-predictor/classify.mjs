/** Classifies images with a bundle that stays loaded: `node classify.mjs BUNDLE IMAGE…`. */
import { loadClassifier } from '@chorus/predictor';

const [bundle, ...images] = process.argv.slice(2);
if (bundle === undefined || images.length === 0) {
  console.error('usage: node classify.mjs BUNDLE IMAGE…');
  process.exit(2);
}
const classifier = await loadClassifier(bundle);
for (const image of images) {
  const [best] = await classifier.classify(image, { top: 1 });
  console.log(`${image}: ${best.label} (${(100 * best.probability).toFixed(1)} %), by ${classifier.backend}`);
}
await classifier.dispose();
