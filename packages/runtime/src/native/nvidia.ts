/** Detects an NVIDIA GPU that TensorFlow could use; only checks files, because every lane calls it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Returns whether both the kernel driver and its user-space library are present: a container sees the kernel driver of a
 * GPU that it has no access to, and an image may contain the library on a machine without a GPU.
 *
 * @param root the root of the file system.
 * @param libraryPath LD_LIBRARY_PATH.
 */
export function hasNvidiaGpu(root = '/', libraryPath = process.env.LD_LIBRARY_PATH ?? ''): boolean {
  return hasKernelDriver(root) && hasDriverLibrary(root, libraryPath);
}

// --- internal ---

function hasKernelDriver(root: string): boolean {
  const gpus = join(root, 'proc/driver/nvidia/gpus');
  if (existsSync(gpus) && readdirSync(gpus).length > 0) return true;
  // nvidiactl in sandboxes without /proc/driver; dxg on WSL2.
  return ['dev/nvidiactl', 'dev/dxg'].some((device) => existsSync(join(root, device)));
}

function hasDriverLibrary(root: string, libraryPath: string): boolean {
  const name = 'libcuda.so.1';
  const folders = [...libraryPath.split(':').filter((folder) => folder !== ''), 'usr/lib/wsl/lib'];
  if (folders.some((folder) => existsSync(join(root, folder, name)))) return true;
  // The cache of ldconfig, which the loader uses.
  const loaderCache = join(root, 'etc/ld.so.cache');
  return existsSync(loaderCache) && readFileSync(loaderCache).includes(name);
}
