import { obstacleToOnnxruntime, type RuntimeOptions } from '@chorus/runtime';
import type { ForwardSettings } from '@chorus/training';
import { ConfigError } from '../errors.ts';
import type { Experiment } from '../experiment/schema.ts';

export type ForwardEngine = ForwardSettings['engine'];

/**
 * Chooses the engine for forward passes on CPU lanes. `auto` is onnxruntime wherever it runs: docs/speed.md compares the two.
 * GPU lanes use TensorFlow in any case.
 *
 * @param requested the experiment's `runtime.forward` or, when a run is resumed, the engine that it started with.
 * @param onNotice receives the reason when `auto` has to use TensorFlow.
 * @throws ConfigError when `onnxruntime` is requested and does not run on this machine.
 */
export function chooseForwardEngine(
  requested: Experiment['runtime']['forward'],
  lanes: readonly Pick<RuntimeOptions, 'device'>[],
  onNotice: (notice: string) => void = () => {},
): ForwardEngine {
  if (requested === 'tensorflow' || lanes.every(({ device }) => !device.startsWith('cpu:'))) return 'tensorflow';
  const obstacle = obstacleToOnnxruntime();
  if (obstacle === undefined) return 'onnxruntime';
  if (requested === 'onnxruntime')
    throw new ConfigError(`runtime.forward is onnxruntime, which cannot be used here: ${obstacle}`);
  onNotice(`Forward passes run in TensorFlow: ${obstacle}`);
  return 'tensorflow';
}
