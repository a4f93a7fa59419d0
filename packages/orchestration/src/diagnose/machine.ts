/** Examines what every run needs: node, the native runtime, a device. */
import { availableParallelism } from 'node:os';
import { type Device, listDevices, nativeRuntimeStatus, obstacleToOnnxruntime } from '@chorus/runtime';
import type { Finding, Fix } from './finding.ts';

/** @returns the findings, and the GPUs that TensorFlow can use. */
export async function examineMachine(): Promise<{ findings: Finding[]; gpus: Device['name'][] }> {
  const { finding, gpus } = await devices();
  return { findings: [nodeVersion(), ...(await nativeRuntime()), finding], gpus };
}

// --- internal ---

function nodeVersion(): Finding {
  const [major, minor] = process.versions.node.split('.').map(Number) as [number, number];
  const ok = major > 20 || (major === 20 && minor >= 19);
  return {
    preset: null,
    what: 'node',
    ok,
    detail: `${process.versions.node} (20.19 or later is required)`,
    ...(ok ? {} : { fix: { kind: 'newer-node' } }),
  };
}

async function nativeRuntime(): Promise<Finding[]> {
  const common = { preset: null, what: 'native runtime' };
  try {
    const missing = await nativeRuntimeStatus();
    if (missing.length === 0) return [{ ...common, ok: true, detail: engines() }];
    return missing.map((part) => ({ ...common, ok: false, detail: part.what, fix: fixOf(part.fix) }));
  } catch (error) {
    return [{ ...common, ok: false, detail: (error as Error).message, fix: { kind: 'set-up' } }];
  }
}

function engines(): string {
  const obstacle = obstacleToOnnxruntime();
  return obstacle === undefined
    ? 'TensorFlow and onnxruntime are in the cache'
    : `TensorFlow is in the cache, and also computes predictions: ${obstacle}`;
}

async function devices(): Promise<{ finding: Finding; gpus: Device['name'][] }> {
  const common = { preset: null, what: 'devices' };
  try {
    const names = (await listDevices()).map(({ name }) => name);
    const detail = `${names.join(', ')}; ${availableParallelism()} processors`;
    return {
      finding: { ...common, ok: true, detail },
      gpus: names.filter((name) => name.startsWith('gpu:')),
    };
  } catch (error) {
    return { finding: { ...common, ok: false, detail: (error as Error).message, fix: { kind: 'set-up' } }, gpus: [] };
  }
}

/** The native runtime's setup, or a system command. */
function fixOf(command: string | null): Fix {
  return command === null ? { kind: 'set-up' } : { kind: 'command', command };
}
