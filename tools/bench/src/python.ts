/** The interpreter of the contestants in Python. */
import { join } from 'node:path';
import { preparePython } from '@chorus/python';

/**
 * Path of an interpreter with what requirements.txt lists.
 *
 * @throws Error where python3 or disk space is missing, or with what pip said.
 */
export async function prepareBenchPython(tell: (words: string) => void): Promise<string> {
  let isCached = true;
  const python = await preparePython(environment, (words) => {
    isCached = false;
    tell(words);
  });
  if (isCached) tell('the Python packages are in the cache');
  return python;
}

// --- internal ---

const environment = {
  name: 'bench',
  requirements: join(import.meta.dirname, '../requirements.txt'),
  // Measured on Linux x64: 3.4 GB come over the wire, and lie there until they are unpacked to 7.1.
  diskBytes: 10.5e9,
  notice:
    "Installing Keras, PyTorch and onnxruntime into a virtual environment: 3.4 GB to download, 7.1 GB of disk when done (10.5 GB meanwhile), 2 minutes and more. Most of it is NVIDIA's libraries, without which PyPI's torch does not load on Linux.",
};
