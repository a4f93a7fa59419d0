/** Parses TensorFlow's definition of an op (tensorflow/core/framework/op_def.proto, TensorFlow 2.21). */
import { type Field, fieldsOf } from '../protobuf.ts';

export interface OpDefinition {
  /** For each argument, whether it is a list of tensors. */
  takesList: boolean[];
  /** Whether the op has state, such as random numbers, files or queues. */
  isStateful: boolean;
}

/** @param bytes a serialized OpDef. */
export function parseOpDefinition(bytes: Uint8Array): OpDefinition {
  const definition: OpDefinition = { takesList: [], isStateful: false };
  for (const { number, value } of fieldsOf(bytes)) {
    if (number === 2) definition.takesList.push(isList(fieldsOf(value as Uint8Array))); // input_arg
    if (number === 17) definition.isStateful = value === 1; // is_stateful
  }
  return definition;
}

/**
 * Distributes tfjs's flat list of inputs to the arguments of an op.
 *
 * @throws Error when the inputs do not match the arguments; tfjs uses no op with two lists.
 */
export function argumentsOf({ takesList }: OpDefinition, inputs: readonly number[]): (number | Int32Array)[] {
  const listCount = takesList.filter(Boolean).length;
  const listLength = inputs.length - (takesList.length - listCount);
  if (listCount > 1 || listLength < 0 || (listCount === 0 && listLength !== 0))
    throw new Error(`${inputs.length} inputs do not match ${takesList.length} arguments`);
  let position = 0;
  return takesList.map((isList) => {
    if (!isList) return inputs[position++]!;
    const list = Int32Array.from(inputs.slice(position, position + listLength));
    position += listLength;
    return list;
  });
}

// --- internal ---

/** number_attr or type_list_attr. */
function isList(argument: Iterable<Field>): boolean {
  return [...argument].some(({ number, value }) => (number === 5 || number === 6) && (value as Uint8Array).length > 0);
}
