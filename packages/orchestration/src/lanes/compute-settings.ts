import type { RuntimeOptions } from '@chorus/runtime';
import type { ComputeSettings } from '@chorus/training';
import type { Experiment } from '../experiment/schema.ts';
import { usesBfloat16 } from './bfloat16.ts';
import type { ForwardEngine } from './forward-engine.ts';

/**
 * Settings of a run's lanes.
 *
 * onnxruntime's threads get an equal share of the processors, since lanes share the work of forward passes: on two cores, two
 * lanes of one thread predict 367 images/s with MobileNetV2 at 224 px, two lanes of two threads 327. The threads of a single lane
 * spin unless something else needs the processors: a single image takes 2.0 ms instead of 2.9. While other images are decoded,
 * spinning costs a third more processor time per image.
 *
 * @param forward engine for forward passes on CPU lanes.
 * @param options `processorCount`: processors that this process may use; `decodesMeanwhile`: whether images are decoded during
 * forward passes.
 * @throws ConfigError for bfloat16 on a device that would silently compute in float32 instead.
 */
export function computeSettings(
  runtime: Pick<Experiment['runtime'], 'compile' | 'precision' | 'intraOpThreads'>,
  lanes: readonly Pick<RuntimeOptions, 'device'>[],
  forward: ForwardEngine,
  { processorCount, decodesMeanwhile = false }: { processorCount: number; decodesMeanwhile?: boolean },
): ComputeSettings[] {
  const isCpu = ({ device }: Pick<RuntimeOptions, 'device'>) => device.startsWith('cpu:');
  const cpuLaneCount = lanes.filter(isCpu).length;
  const threads = runtime.intraOpThreads ?? Math.ceil(processorCount / cpuLaneCount);
  const onnxruntime = { engine: 'onnxruntime', threads, spin: cpuLaneCount === 1 && !decodesMeanwhile } as const;
  return lanes.map((lane) => ({
    compile: runtime.compile,
    bfloat16: usesBfloat16(runtime, lane.device),
    forward: forward === 'onnxruntime' && isCpu(lane) ? onnxruntime : { engine: 'tensorflow' },
  }));
}
