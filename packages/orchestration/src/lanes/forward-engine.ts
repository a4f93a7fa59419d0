import { obstacleToOnnxruntime } from '@chorus/runtime';
import type { ForwardSettings } from '@chorus/training';
import { ConfigError } from '../errors.ts';
import type { Experiment } from '../experiment/schema.ts';

export type ForwardEngine = ForwardSettings['engine'];

/**
 * Chooses the engine for forward passes on CPU lanes. `auto` is onnxruntime wherever it runs: it was at least as fast as
 * TensorFlow on every processor measured (see docs/speed.md). GPU lanes use TensorFlow in any case.
 *
 * @param onNotice receives the reason when `auto` has to use TensorFlow.
 * @throws ConfigError when `onnxruntime` is requested and does not run on this machine.
 */
export function chooseForwardEngine(
  requested: Experiment['runtime']['forward'],
  onNotice: (notice: string) => void,
): ForwardEngine {
  if (requested === 'tensorflow') return 'tensorflow';
  const obstacle = obstacleToOnnxruntime();
  if (obstacle === undefined) return 'onnxruntime';
  if (requested === 'onnxruntime') throw new ConfigError(`runtime.forward cannot be onnxruntime: ${obstacle}`);
  onNotice(`Forward passes run in TensorFlow: ${obstacle}`);
  return 'tensorflow';
}
