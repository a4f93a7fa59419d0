/** What one run of a function that is traced meets, and how tfjs is left behind it. */
import * as tf from '@tensorflow/tfjs';
import { RuntimeError } from '../errors.ts';
import type { NativeBackend } from '../tensorflow.ts';
import { callerLine } from './caller-line.ts';
import type { RecordedOperation } from './folded-batch-norm.ts';
import { writableResourceOf } from './resource-entry.ts';
import { outputOf } from './symbols.ts';

/** A tensor from outside that the function uses; handed over at each call. */
export interface CapturedTensor {
  tensor: tf.TensorInfo;
  /** Where the function used it first. */
  line: string;
}

export interface VariableState {
  variable: tf.Variable;
  /** The resource, an input of the function. */
  resource: number;
  /** Output with the value that the resource has when the function is called. */
  first: number | undefined;
  /** Output with the value that it has at this point of the trace. */
  value: number | undefined;
  /** Operations that have used the resource; a change of it comes after them. */
  users: Set<number>;
  /** The last operation that changed it. */
  changedBy: number | undefined;
}

export class TraceScope {
  readonly inputs: number[] = [];
  readonly changes: number[] = [];
  readonly captured: (CapturedTensor & { output: number })[] = [];
  readonly states = new Map<tf.Variable, VariableState>();
  /** Outputs by the data of tensors from outside and of constants. */
  readonly symbols = new Map<object, number>();
  /** Small ones, by type, shape and bytes. */
  readonly constants = new Map<string, number>();
  /** Outputs that share no memory with an argument; and single numbers, which no larger output can be. */
  readonly apart = new Set<number>();
  /** Of arguments, captured tensors and results of ops. */
  readonly shapes = new Map<number, readonly number[]>();
  /** What made an output. */
  readonly makers = new Map<number, RecordedOperation>();
  /** Data that JavaScript made inside of the function. */
  readonly madeInside = new Set<object>();
  /** Data of symbols. */
  readonly made = new Set<object>();
  /** By the data that they had before; a variable with other data has been assigned to. */
  readonly variables: ReadonlyMap<object, tf.Variable>;
  /** What tfjs or the function itself wants to outlive a `tidy`, and where. */
  readonly kept = new Map<tf.Tensor, Error>();
  /** What is wrong with the function, if that is said when it has ended. */
  failure: RuntimeError | undefined;
  operationCount = 0;
  readonly #backend: NativeBackend;
  /** They hold the data while the function assigns. */
  readonly #values: ReadonlyMap<tf.Variable, tf.Tensor>;

  constructor(backend: NativeBackend) {
    this.#backend = backend;
    const variables = registeredVariables();
    for (const variable of variables) if (backend.refCount(variable.dataId) > 1) writableResourceOf(backend, variable);
    this.variables = new Map(variables.map((variable) => [variable.dataId, variable]));
    this.#values = new Map(variables.map((variable) => [variable, tf.keep(variable.clone())]));
  }

  /** What it had when the function was called. */
  dataOf(variable: tf.Variable): object {
    return this.#values.get(variable)!.dataId;
  }

  /** Whether a tensor besides the variable, such as a clone of it, has the value from before the function. */
  isFirstShared(variable: tf.Variable): boolean {
    const dataId = this.dataOf(variable);
    // One is held here.
    const ownCount = variable.dataId === dataId ? 2 : 1;
    return this.#backend.refCount(dataId) > ownCount;
  }

  restoreVariables(): void {
    for (const [variable, value] of this.#values) {
      if (variable.dataId !== value.dataId) variable.assign(value);
      value.dispose();
    }
  }

  /** Symbols that were to outlive the function. */
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
