/** Whether TensorFlow could use an NVIDIA GPU here; looks at files only, since every lane asks. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Both halves of the driver must be there: a container sees the kernel's half of a GPU that it was not given, and an
 * image may bring the library to a machine without one.
 *
 * @param root the machine's file system.
 * @param libraryPath LD_LIBRARY_PATH.
 */
export function hasNvidiaGpu(root = '/', libraryPath = process.env.LD_LIBRARY_PATH ?? ''): boolean {
  return hasKernelDriver(root) && hasDriverLibrary(root, libraryPath);
}

// --- internal ---

function hasKernelDriver(root: string): boolean {
  const gpus = join(root, 'proc/driver/nvidia/gpus');
  if (existsSync(gpus) && readdirSync(gpus).length > 0) return true;
  // Sandboxes without the former; WSL2's own device.
  return ['dev/nvidiactl', 'dev/dxg'].some((device) => existsSync(join(root, device)));
}

function hasDriverLibrary(root: string, libraryPath: string): boolean {
  const name = 'libcuda.so.1';
  const folders = [...libraryPath.split(':').filter((folder) => folder !== ''), 'usr/lib/wsl/lib'];
  if (folders.some((folder) => existsSync(join(root, folder, name)))) return true;
  // What ldconfig knows, and the loader with it.
  const loaderCache = join(root, 'etc/ld.so.cache');
  return existsSync(loaderCache) && readFileSync(loaderCache).includes(name);
}
