/** The interpreter of the Python contestants. */
import { join } from 'node:path';
import { preparePython } from '@chorus/python';

/**
 * Returns the path of an interpreter with the packages of requirements.txt.
 *
 * @throws Error when python3 or disk space is missing, or with pip's output when pip fails.
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
  // Measured on Linux x64: 3.4 GB are downloaded and stay on disk until they are unpacked to 7.1 GB.
  diskBytes: 10.5e9,
  notice:
    "Installing Keras, PyTorch and onnxruntime into a virtual environment: 3.4 GB to download, 7.1 GB of disk (10.5 GB during the installation), 2 minutes or more. Most of it is NVIDIA's libraries, without which PyPI's torch does not load on Linux.",
};
