/** Reads optimized graphs from RunMetadata (graph.proto and node_def.proto, TensorFlow 2.21). */
import { type Field, fieldsOf } from '../protobuf.ts';
import type { NativeBackend } from '../tensorflow.ts';

export interface Operation {
  op: string;
  /** DataType number of the op's attribute T, if any. */
  type: number | undefined;
}

/** DT_FLOAT and DT_BFLOAT16 in types.proto. */
export const float32 = 1;
export const bfloat16 = 14;

/** Returns the operations of all functions that `run` calls for the first time. */
export function optimizedOperations({ binding }: NativeBackend, run: () => void): Operation[] {
  binding.collectRunMetadata(true);
  try {
    run();
    return [...nested(binding.runMetadata(), [4, 3, 1])].map(operation); // function_graphs, post_optimization_graph, node
  } finally {
    binding.collectRunMetadata(false);
  }
}

// --- internal ---

/** Yields nested messages along a path of field numbers. */
function* nested(message: Uint8Array, [first, ...rest]: readonly number[]): Generator<Uint8Array> {
  if (first === undefined) return yield message;
  for (const { number, value } of fieldsOf(message)) if (number === first) yield* nested(value as Uint8Array, rest);
}

function operation(node: Uint8Array): Operation {
  const op = [...fieldsOf(node)].find(({ number }) => number === 2)!;
  const attributes = [...nested(node, [5])].map((entry) => [...fieldsOf(entry)]);
  const value = (fields: Field[], wanted: number) => fields.find(({ number }) => number === wanted)?.value;
  const named = attributes.find((entry) => textOf(value(entry, 1)) === 'T');
  const type = named && [...fieldsOf(value(named, 2) as Uint8Array)].find(({ number }) => number === 6)?.value;
  return { op: textOf(op.value), type: type as number | undefined };
}

function textOf(value: Field['value'] | undefined): string {
  return new TextDecoder().decode(value as Uint8Array);
}
