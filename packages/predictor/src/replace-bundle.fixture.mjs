// Replaces the bundle whose folder is its argument again and again, by versions with names of their own, until it is told to end.
import { openSealedFolder, sealFolder } from '@chorus/storage';

const [folder] = process.argv.slice(2);
const files = Object.fromEntries(await openSealedFolder(folder));
const manifest = JSON.parse(Buffer.from(files['bundle.json']).toString());
let isEnded = false;
process.on('message', () => {
  isEnded = true;
});
for (let version = 1; !isEnded; version += 1) {
  const changed = JSON.stringify({ ...manifest, name: `version ${version}` });
  await sealFolder(folder, { ...files, 'bundle.json': changed }, { replace: true });
  if (version === 1) process.send('started');
  // Lets the message in.
  await new Promise((turn) => setImmediate(turn));
}
process.disconnect();
