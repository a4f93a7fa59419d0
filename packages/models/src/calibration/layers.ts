import type { NamedOutput, StackerLayers } from '../stackers/definition.ts';
import { smallestProbability } from '../stackers/probabilities.ts';
import { type StackerJson, stackerTable } from '../stackers/table.ts';
import type { Calibration } from './calibration.ts';

/**
 * Builds the layers that compute an ensemble's probabilities in float32: those of its stacker, and of its calibration.
 *
 * @typeParam Value an output of a layer in the format of the export.
 * @param members in the order of the stacker's fit: the pooled features of those that it reads, else logits [N, outputs].
 * @returns class probabilities [N, classCount].
 */
export function ensembleLayers<Value>(
  { stacker, calibration }: { stacker: StackerJson; calibration: Calibration | null },
  members: readonly NamedOutput<Value>[],
  layers: StackerLayers<Value>,
): Value {
  const build = stackerTable[stacker.kind].layers;
  if (calibration === null) return build(stacker, members, layers, 'probabilities');
  const logs = build(stacker, members, layers, 'log_probabilities');
  // No format has a layer that clips at a negative number: the logarithms are shifted so that the smallest becomes 0.
  const shift = -Math.log(smallestProbability);
  const shifted = layers.rescale(logs, 'shifted', { scale: 1, offset: shift });
  const clipped = layers.activation(shifted, 'clipped', 'relu');
  return layers.activation(scaled(clipped, shift, calibration, layers), 'probabilities', 'softmax');
}

/**
 * Builds the layers that compute logits of an ensemble: their softmax are its probabilities, apart from the smallest ones, which
 * {@link ensembleLayers} clips.
 *
 * @param members as in {@link ensembleLayers}.
 * @returns [N, classCount]
 */
export function ensembleLogits<Value>(
  { stacker, calibration }: { stacker: StackerJson; calibration: Calibration | null },
  members: readonly NamedOutput<Value>[],
  layers: StackerLayers<Value>,
): Value {
  const logs = stackerTable[stacker.kind].layers(stacker, members, layers, 'log_probabilities');
  return calibration === null ? logs : scaled(logs, 0, calibration, layers);
}

// --- internal ---

/** @param logs logarithms of the probabilities, plus `shift`. */
function scaled<Value>(logs: Value, shift: number, calibration: Calibration, layers: StackerLayers<Value>): Value {
  // The same shift of all classes does not change their softmax.
  if (calibration.kind === 'temperature')
    return layers.rescale(logs, 'calibrated', { scale: 1 / calibration.temperature, offset: 0 });
  const { scales, biases } = calibration;
  const kernel = scales.map((scale, row) => scales.map((_, column) => (row === column ? scale : 0)));
  return layers.dense(logs, 'calibrated', { kernel, bias: biases.map((bias, label) => bias - scales[label]! * shift) });
}
