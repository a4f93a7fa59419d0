// A process that decodes the same image many times under a limit on open files, and reports how many it decoded at once.
import { closeSync, openSync } from 'node:fs';
import { createPixelStore, decodeImages } from '../dist/index.js';

const { path, count, leave, release } = JSON.parse(process.argv[2]);
const options = { background: 'white', resize: 'antialiased', maxPixels: 1e8, timeoutMs: 10_000 };
const images = Array.from({ length: count }, () => ({ path }));
const decode = (concurrency) => {
  const store = createPixelStore(images.length, 8);
  return decodeImages(images, [store], { ...options, concurrency });
};
// Loads what decoding loads, which opens files, too.
const alone = await decode(1);
const held = [];
try {
  for (;;) held.push(openSync('/dev/null'));
} catch (error) {
  if (error.code !== 'EMFILE') throw error;
}
for (const file of held.splice(0, leave)) closeSync(file);
if (release !== undefined)
  setTimeout(() => {
    for (const file of held.splice(0)) closeSync(file);
  }, release);
const outcome = await decode(16).then(
  ({ skipped, sha256 }) => ({ skipped, isEqual: JSON.stringify(sha256) === JSON.stringify(alone.sha256) }),
  ({ name, message }) => ({ name, message }),
);
process.stdout.write(JSON.stringify(outcome));
