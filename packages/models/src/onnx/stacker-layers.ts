/** Stackers as ONNX nodes on the members' outputs. */
import type { NamedOutput, StackerLayers } from '../stackers/definition.ts';
import { type StackerJson, stackerTable } from '../stackers/table.ts';
import type { GraphBuilder, ValueName } from './graph-builder.ts';

/**
 * Adds the nodes that compute `Stacker.predict` in float32.
 *
 * @param members in the order of the stacker's fit: the pooled features of those that `featureMembersOf` names, else logits.
 * @returns class probabilities [N, classCount].
 */
export function addStacker(
  builder: GraphBuilder,
  json: StackerJson,
  members: readonly NamedOutput<ValueName>[],
): ValueName {
  return stackerTable[json.kind].layers(json, members, onnxLayers(builder));
}

/** The layers of stackers as nodes of a graph. */
export function onnxLayers(builder: GraphBuilder): StackerLayers<ValueName> {
  const activation = (x: ValueName, name: string, kind: 'sigmoid' | 'softmax') =>
    kind === 'sigmoid' ? builder.node('Sigmoid', name, [x]) : builder.node('Softmax', name, [x], { axis: 1 });
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
    probabilities(logits, classCount, name) {
      // The softmax of 0 and z is 1 − σ(z) and σ(z).
      const all = classCount === 2 ? dense(logits, `${name}/of_both`, { kernel: [[0, 1]] }) : logits;
      return activation(all, name, 'softmax');
    },
  };
}
