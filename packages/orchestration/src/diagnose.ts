/** What training needs of this machine, and what of it is missing: `chorus doctor`. */
import { statfs } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import { listDevices, nativeRuntimeStatus } from '@chorus/runtime';
import { choosePreset } from './experiment/presets/presets.ts';
import { resolveExperiment } from './experiment/resolve.ts';
import { findInitialWeights } from './run/initial-weights.ts';

export interface Finding {
  what: string;
  ok: boolean;
  detail: string;
  /** The command that mends it. */
  mend?: string;
}

/** Memory below which a default run swaps; bytes. */
const comfortableBytes = 4e9;

/** Looks at everything, the broken parts included; never throws for something that is missing. */
export async function diagnose(environment: { CHORUS_WEIGHTS?: string | undefined }): Promise<Finding[]> {
  return [
    nodeVersion(),
    ...(await nativeRuntime()),
    await devices(),
    memory(),
    await disk(),
    await weights(environment),
  ];
}

// --- internal ---

function nodeVersion(): Finding {
  const [major, minor] = process.versions.node.split('.').map(Number) as [number, number];
  const ok = major > 20 || (major === 20 && minor >= 19);
  return {
    what: 'node',
    ok,
    detail: `${process.versions.node} (20.19 or later is needed)`,
    ...(ok ? {} : { mend: 'npx -y node@24 …' }),
  };
}

async function nativeRuntime(): Promise<Finding[]> {
  const what = 'native runtime';
  try {
    const missing = await nativeRuntimeStatus();
    if (missing.length === 0) return [{ what, ok: true, detail: 'TensorFlow and its binding are in the cache' }];
    return missing.map((part) => ({ what, ok: false, detail: part.what, mend: part.mend }));
  } catch (error) {
    return [{ what, ok: false, detail: (error as Error).message }];
  }
}

async function devices(): Promise<Finding> {
  const what = 'devices';
  try {
    const names = (await listDevices()).map(({ name }) => name);
    return { what, ok: true, detail: `${names.join(', ')}; ${availableParallelism()} processors` };
  } catch (error) {
    return { what, ok: false, detail: (error as Error).message, mend: 'pnpm turbo setup' };
  }
}

function memory(): Finding {
  const bytes = process.constrainedMemory() > 0 ? Math.min(process.constrainedMemory(), totalmem()) : totalmem();
  return {
    what: 'memory',
    ok: bytes >= comfortableBytes,
    detail: `${(bytes / 1e9).toFixed(1)} GB (4 GB are comfortable)`,
  };
}

async function disk(): Promise<Finding> {
  const { bavail, bsize } = await statfs(process.cwd());
  const bytes = bavail * bsize;
  return { what: 'disk', ok: bytes > 1e9, detail: `${(bytes / 1e9).toFixed(1)} GB free in the working folder` };
}

/** Only the preset for photographs needs them. */
async function weights(environment: { CHORUS_WEIGHTS?: string | undefined }): Promise<Finding> {
  const what = 'weights for the preset mobile';
  const preset = choosePreset('mobile', { dataNamed: true, weightsNamed: true, gpuCount: 0 });
  try {
    const found = await findInitialWeights(resolveExperiment(preset.experiment), environment);
    return { what, ok: true, detail: found.map((one) => (one.kind === 'file' ? one.path : one.kind)).join(', ') };
  } catch (error) {
    return { what, ok: false, detail: (error as Error).message, mend: 'export CHORUS_WEIGHTS=DIR' };
  }
}
