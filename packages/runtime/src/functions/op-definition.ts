/** What TensorFlow says of an op, tensorflow/core/framework/op_def.proto of TensorFlow 2.21. */
import { type Field, fieldsOf } from '../protobuf.ts';

export interface OpDefinition {
  /** One per argument: whether it takes a list of tensors. */
  takesList: boolean[];
  /** It has a state of its own: random numbers, files, queues. */
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
 * Puts tfjs' flat list of an op's inputs into its arguments.
 *
 * @throws Error when they do not fit; an op with two lists is none of tfjs'.
 */
export function argumentsOf({ takesList }: OpDefinition, inputs: readonly number[]): (number | Int32Array)[] {
  const listCount = takesList.filter(Boolean).length;
  const listLength = inputs.length - (takesList.length - listCount);
  if (listCount > 1 || listLength < 0 || (listCount === 0 && listLength !== 0))
    throw new Error(`${inputs.length} inputs do not fit into ${takesList.length} arguments`);
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
