/**
 * Locates onnxruntime's binaries for CPUs, which are part of the npm package onnxruntime-node.
 *
 * The package is not a dependency: it unpacks to 210 MB of binaries for all platforms, and its install script downloads more
 * for CUDA.
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { cacheFolder } from '@chorus/storage';

export const onnxruntimeVersion = '1.24.3';

const bindingName = 'onnxruntime_binding.node';

/** Platforms for which the package has binaries, as `platform/architecture` of Node.js. */
const platforms = ['linux/x64', 'linux/arm64', 'darwin/arm64'];

export interface OnnxruntimePlace {
  folder: string;
  bindingPath: string;
  /** Whether CHORUS_ONNXRUNTIME names the user's own binaries, which Chorus never modifies. */
  own: boolean;
}

/** Where the binaries are, present or not; or why there are none for this machine. */
export function planOnnxruntime(
  platform = `${process.platform}/${process.arch}`,
  named = process.env.CHORUS_ONNXRUNTIME,
): OnnxruntimePlace | { obstacle: string } {
  if (named === 'none') return { obstacle: 'CHORUS_ONNXRUNTIME is none' };
  if (named !== undefined && named !== '') {
    const place = placeIn(resolve(named), true);
    const obstacle = `CHORUS_ONNXRUNTIME is ${place.folder}: expected ${bindingName} there`;
    return hasOnnxruntime(place) ? place : { obstacle };
  }
  if (!platforms.includes(platform)) return { obstacle: `onnxruntime has no binaries for ${platform}` };
  return placeIn(cacheFolder('onnxruntime', `${onnxruntimeVersion}-${platform.replace('/', '-')}`), false);
}

/** The folder is published atomically, so a folder that exists is complete. */
export function hasOnnxruntime({ bindingPath }: OnnxruntimePlace): boolean {
  return existsSync(bindingPath);
}

// --- internal ---

function placeIn(folder: string, own: boolean): OnnxruntimePlace {
  return { folder, bindingPath: join(folder, bindingName), own };
}
