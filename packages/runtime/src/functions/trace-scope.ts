/** The state of one run of a traced function, and the restoration of tfjs after it. */
import tf from '@chorus/tfjs';
import { RuntimeError } from '../errors.ts';
import type { NativeBackend } from '../tensorflow.ts';
import { callerLine } from './caller-line.ts';
import type { RecordedOperation } from './folded-batch-norm.ts';
import { writableResourceOf } from './resource-entry.ts';
import { outputOf } from './symbols.ts';

/** A captured tensor, which is passed to the function at each call. */
export interface CapturedTensor {
  tensor: tf.TensorInfo;
  /** The line of its first use. */
  line: string;
}

export interface VariableState {
  variable: tf.Variable;
  /** The resource, an input of the function. */
  resource: number;
  /** Output with the value of the resource at the call. */
  first: number | undefined;
  /** Output with the value at this point of the trace. */
  value: number | undefined;
  /** Operations that have used the resource; a change must run after them. */
  users: Set<number>;
  /** The last operation that changed it. */
  changedBy: number | undefined;
}

export class TraceScope {
  readonly inputs: number[] = [];
  readonly changes: number[] = [];
  readonly captured: (CapturedTensor & { output: number })[] = [];
  readonly states = new Map<tf.Variable, VariableState>();
  /** Outputs of captured tensors and constants, by their data. */
  readonly symbols = new Map<object, number>();
  /** Outputs of small constants, by type, shape and bytes. */
  readonly constants = new Map<string, number>();
  /** Outputs that share no memory with an argument; also scalars, which cannot be the memory of a larger output. */
  readonly apart = new Set<number>();
  /** Shapes of arguments, captured tensors and results of ops, by output. */
  readonly shapes = new Map<number, readonly number[]>();
  /** The operation that produces each output. */
  readonly makers = new Map<number, RecordedOperation>();
  /** Data that JavaScript created within the function. */
  readonly madeInside = new Set<object>();
  /** Data of symbols. */
  readonly made = new Set<object>();
  /** Variables by their data before the trace; a variable with other data has been assigned. */
  readonly variables: ReadonlyMap<object, tf.Variable>;
  /** Tensors passed to `tf.keep` by tfjs or the function, with an error that records the line. */
  readonly kept = new Map<tf.Tensor, Error>();
  /** An error to throw when the function has ended. */
  failure: RuntimeError | undefined;
  operationCount = 0;
  readonly #backend: NativeBackend;
  /** Clones that keep the data alive while the function assigns. */
  readonly #values: ReadonlyMap<tf.Variable, tf.Tensor>;

  constructor(backend: NativeBackend) {
    this.#backend = backend;
    const variables = registeredVariables();
    for (const variable of variables) if (backend.refCount(variable.dataId) > 1) writableResourceOf(backend, variable);
    this.variables = new Map(variables.map((variable) => [variable.dataId, variable]));
    this.#values = new Map(variables.map((variable) => [variable, tf.keep(variable.clone())]));
  }

  /** Returns the data of a variable at the call of the function. */
  dataOf(variable: tf.Variable): object {
    return this.#values.get(variable)!.dataId;
  }

  /** Returns whether another tensor, such as a clone, shares the variable's data from before the function. */
  isFirstShared(variable: tf.Variable): boolean {
    const dataId = this.dataOf(variable);
    // This scope holds one reference.
    const ownCount = variable.dataId === dataId ? 2 : 1;
    return this.#backend.refCount(dataId) > ownCount;
  }

  restoreVariables(): void {
    for (const [variable, value] of this.#values) {
      if (variable.dataId !== value.dataId) variable.assign(value);
      value.dispose();
    }
  }

  /** Disposes symbols that would outlive the function, and records the error. */
  disposeKept(): void {
    for (const [tensor, error] of this.kept) {
      if (tensor.isDisposed || !this.made.has(tensor.dataId)) continue;
      const { id } = this.#backend.tensorMap.get(tensor.dataId);
      this.failure ??= new RuntimeError(
        `A result of ${this.makers.get(outputOf(id))?.type ?? 'an argument'} was kept inside a compiled function, at ${callerLine(error)}; it has no value outside. Return it.`,
      );
      tensor.dispose();
    }
  }
}

// --- internal ---

function registeredVariables(): tf.Variable[] {
  return Object.values(tf.engine().state.registeredVariables);
}
