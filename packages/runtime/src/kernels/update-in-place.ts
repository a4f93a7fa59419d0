/** Ops that update variables in place, eagerly or as part of a compiled function. */
import type tf from '@chorus/tfjs';
import { writableResourceOf } from '../functions/resource-entry.ts';
import { currentTracer } from '../functions/trace.ts';
import { type NativeBackend, typeAttribute } from '../tensorflow.ts';

type Attributes = Parameters<NativeBackend['binding']['executeOp']>[1];

/**
 * Runs one of TensorFlow's ops for training, such as ResourceApplyAdam, or records it in the active trace.
 *
 * @param attributes besides the type T, float32.
 * @param variables the first inputs of the op.
 * @param inputs its other inputs.
 */
export function updateInPlace(
  native: NativeBackend,
  op: string,
  attributes: Attributes,
  variables: readonly tf.Variable[],
  inputs: readonly tf.Tensor[],
): void {
  const all = [typeAttribute(native.binding, 'T', native.binding.TF_FLOAT), ...attributes];
  const tracer = currentTracer();
  if (tracer !== undefined) {
    tracer.changeInPlace(op, all, variables, inputs);
    return;
  }
  const entries = variables.map((variable) => writableResourceOf(native, variable));
  const ids = [...entries.map(({ resource }) => resource), ...native.getInputTensorIds([...inputs])];
  native.binding.executeOp(op, all, ids, 0);
  // The inputs may include one of these variables, which may have been read since.
  for (const entry of entries) entry.forgetRead();
}
