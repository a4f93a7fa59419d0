/** Ensembles as ONNX nodes on the members' logits. */
import type { Calibration } from '../calibration/calibration.ts';
import { ensembleLayers } from '../calibration/layers.ts';
import type { NamedLogits, StackerLayers } from '../stackers/definition.ts';
import type { StackerJson } from '../stackers/table.ts';
import type { GraphBuilder, ValueName } from './graph-builder.ts';

/**
 * Adds the nodes that compute `Stacker.predict` and `calibrate` in float32.
 *
 * @param members in the order of the stacker's fit: logits [N, outputs].
 * @returns class probabilities [N, classCount].
 */
export function addStacker(
  builder: GraphBuilder,
  ensemble: { stacker: StackerJson; calibration: Calibration | null },
  members: readonly NamedLogits<ValueName>[],
): ValueName {
  return ensembleLayers(ensemble, members, onnxLayers(builder));
}

/** The layers of stackers as nodes of a graph. */
export function onnxLayers(builder: GraphBuilder): StackerLayers<ValueName> {
  const activation = (x: ValueName, name: string, kind: 'sigmoid' | 'softmax' | 'relu') => {
    if (kind === 'softmax') return builder.node('Softmax', name, [x], { axis: 1 });
    return builder.node(kind === 'sigmoid' ? 'Sigmoid' : 'Relu', name, [x]);
  };
  const dense: StackerLayers<ValueName>['dense'] = (x, name, { kernel, bias, activation: kind }) => {
    const units = kernel[0]!.length;
    const inputs = [x, builder.constant(`${name}/kernel`, [kernel.length, units], Float32Array.from(kernel.flat()))];
    if (bias !== undefined) inputs.push(builder.constant(`${name}/bias`, [units], Float32Array.from(bias)));
    if (kind === undefined) return builder.node('Gemm', name, inputs);
    return builder.node('Relu', name, [builder.node('Gemm', `${name}/linear`, inputs)]);
  };
  return {
    dense,
    activation,
    concatenate: (xs, name) => (xs.length === 1 ? xs[0]! : builder.node('Concat', name, xs, { axis: 1 })),
    mean: (xs, name) => (xs.length === 1 ? xs[0]! : builder.node('Mean', name, xs)),
    rescale(x, name, { scale, offset }) {
      const scaled = scale === 1 ? x : builder.node('Mul', `${name}/scaled`, [x, builder.number(scale)]);
      return builder.node('Add', name, [scaled, builder.number(offset)]);
    },
    probabilities(logits, classCount, name, form = 'probabilities') {
      // The softmax of 0 and z is 1 − σ(z) and σ(z).
      const all = classCount === 2 ? dense(logits, `${name}/of_both`, { kernel: [[0, 1]] }) : logits;
      if (form === 'probabilities') return activation(all, name, 'softmax');
      return builder.node('LogSoftmax', name, [all], { axis: 1 });
    },
    logWeightedMean(xs, weights, _, name) {
      const terms = xs.map((x, index) => {
        const exponential = builder.node('Exp', `${name}/exponential_${index + 1}`, [x]);
        return builder.node('Mul', `${name}/weighted_${index + 1}`, [exponential, builder.number(weights[index]!)]);
      });
      return builder.node('Log', name, [builder.node('Sum', `${name}/sum`, terms)]);
    },
  };
}
