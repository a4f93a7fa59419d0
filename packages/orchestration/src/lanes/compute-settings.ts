import { availableParallelism } from 'node:os';
import type { RuntimeOptions } from '@chorus/runtime';
import type { ComputeSettings } from '@chorus/training';
import type { Experiment } from '../experiment/schema.ts';
import { usesBfloat16 } from './bfloat16.ts';
import type { ForwardEngine } from './forward-engine.ts';

/**
 * Settings of a lane.
 *
 * @param forward engine for forward passes on CPU lanes.
 * @throws ConfigError for bfloat16 on a device that would silently compute in float32 instead.
 */
export function computeSettings(
  runtime: Pick<Experiment['runtime'], 'compile' | 'precision'>,
  { device, intraOpThreads = availableParallelism() }: Pick<RuntimeOptions, 'device' | 'intraOpThreads'>,
  forward: ForwardEngine,
): ComputeSettings {
  return {
    compile: runtime.compile,
    bfloat16: usesBfloat16(runtime, device),
    forward:
      forward === 'onnxruntime' && device.startsWith('cpu:')
        ? { engine: 'onnxruntime', threads: intraOpThreads }
        : { engine: 'tensorflow' },
  };
}
