/** Compiles functions of tensors to single TensorFlow ops. */
import tf from '@chorus/tfjs';
import { RuntimeError } from '../errors.ts';
import type { NativeBackend, TensorDescription } from '../tensorflow.ts';
import { encodeFunctionConfig, type FunctionConfig } from './function-config.ts';
import { type ResourceEntry, resourceOf, writableResourceOf } from './resource-entry.ts';
import { currentTracer, type Signature, type Trace, trace } from './trace.ts';

/** The results of a compiled function: a tensor, an array of tensors, or a record of tensors. */
export type Results = tf.Tensor | readonly tf.Tensor[] | Readonly<Record<string, tf.Tensor>>;

export interface CompileOptions extends FunctionConfig {
  /** Name in error messages and profiles. */
  name?: string;
  /** Maximum number of cached signatures; evicts the least recently called one. Default 8. */
  maximumSignatures?: number;
}

/** The cost of a signature's trace, and of its first call, in which TensorFlow optimizes the graph. */
export interface FirstCall {
  signature: string;
  operationCount: number;
  traceMs: number;
  /** NaN before the first call. */
  callMs: number;
}

/** The cost of compilation so far. */
export interface CompileMetrics {
  /** Number of traces; a signature is traced again only after eviction. */
  traceCount: number;
  /** Number of cached signatures. */
  cacheSize: number;
  /** One entry per trace. */
  firstCalls: FirstCall[];
}

export interface Compiled<Inputs extends readonly tf.Tensor[], Result extends Results> {
  /** Runs the function; the caller disposes the results, as with any op. */
  (...inputs: Inputs): Result;
  readonly metrics: Readonly<CompileMetrics>;
  /** Frees the compiled functions; does not affect variables. */
  dispose(): void;
}

/**
 * Compiles a function of tensors. It is traced at the first call with each signature (types and shapes of its inputs), and
 * runs as a single op from then on.
 *
 * Every `tf.Variable` that it reads or assigns becomes part of its state; code outside still sees the variable's value.
 * Other captured tensors are passed at each call and must not be disposed. JavaScript other than calls to tfjs runs only
 * during tracing (twice: the second trace detects results that vary).
 *
 * @param fn may use all of tfjs except reads of tensor data, and must not create variables.
 * @throws RuntimeError on the first call if `fn` cannot be traced, naming the op and the line.
 */
export function compile<Inputs extends readonly tf.Tensor[], Result extends Results>(
  fn: (...inputs: Inputs) => Result,
  { name = fn.name || 'function', maximumSignatures = 8, ...config }: CompileOptions = {},
): Compiled<Inputs, Result> {
  const configProto = encodeFunctionConfig(config);
  const kept = new Map<string, NativeFunction<Result>>();
  const metrics: CompileMetrics = { traceCount: 0, cacheSize: 0, firstCalls: [] };
  let disposed = false;

  const find = (backend: NativeBackend, inputs: readonly tf.Tensor[]): NativeFunction<Result> => {
    const signature = inputs.map(({ dataId, shape }) => ({ dtype: backend.tensorMap.get(dataId).dtype, shape }));
    const key = JSON.stringify(signature);
    const found = kept.get(key);
    if (found !== undefined) {
      // Marks it as the most recently called.
      kept.delete(key);
      kept.set(key, found);
      return found;
    }
    const made = new NativeFunction<Result>(
      backend,
      name,
      signature,
      fn as unknown as AnyFunction<Result>,
      configProto,
    );
    metrics.traceCount += 1;
    metrics.firstCalls.push(made.firstCall);
    kept.set(key, made);
    for (const [oldest, old] of kept) {
      if (kept.size <= maximumSignatures) break;
      old.dispose();
      kept.delete(oldest);
    }
    metrics.cacheSize = kept.size;
    return made;
  };

  const compiled = (...inputs: Inputs): Result => {
    // Within another compiled function, it becomes part of that function.
    if (currentTracer() !== undefined) return fn(...inputs);
    if (disposed) throw new RuntimeError(`The compiled function ${name} was called after it was disposed.`);
    if (tf.engine().state.gradientDepth > 0)
      throw new RuntimeError(`The compiled function ${name} has no gradient; compile the step that takes gradients.`);
    for (const [index, input] of inputs.entries())
      if (input.isDisposed) throw new RuntimeError(`Argument ${index} of ${name} has been disposed.`);
    const found = find(tf.backend() as NativeBackend, inputs);
    if (found.isCalled) return found.call(inputs);
    const start = performance.now();
    const result = found.call(inputs);
    found.firstCall.callMs = performance.now() - start;
    return result;
  };
  return Object.assign(compiled, {
    metrics,
    dispose() {
      for (const one of kept.values()) one.dispose();
      kept.clear();
      metrics.cacheSize = 0;
      disposed = true;
    },
  });
}

// --- internal ---

type AnyFunction<Result> = (...inputs: tf.Tensor[]) => Result;

/** Names need to be unique within the thread, whose context has no other functions. */
let functionCount = 0;

/** A compiled function for one signature. */
class NativeFunction<Result extends Results> {
  readonly firstCall: FirstCall;
  isCalled = false;
  readonly #backend: NativeBackend;
  readonly #name: string;
  readonly #configProto: Uint8Array;
  readonly #trace: Omit<Trace, 'graph'>;
  #rebuild!: (tensors: readonly tf.Tensor[]) => Result;

  constructor(
    backend: NativeBackend,
    label: string,
    signature: Signature,
    fn: AnyFunction<Result>,
    configProto: Uint8Array,
  ) {
    const start = performance.now();
    this.#backend = backend;
    this.#configProto = configProto;
    this.#name = `${label.replaceAll(/\W/g, '_')}_${functionCount++}`;
    const { graph, ...rest } = trace(backend, signature, (inputs) => {
      const result = fn(...inputs);
      const tensors = tensorsOf(label, result);
      this.#rebuild = rebuilderOf(result);
      return tensors;
    });
    try {
      graph.addFunction(this.#name, rest.inputs, rest.outputs, rest.changes);
    } finally {
      graph.dispose();
    }
    this.#trace = rest;
    this.firstCall = {
      signature: signature.map(({ shape }) => `[${shape}]`).join(' '),
      operationCount: rest.operationCount,
      traceMs: performance.now() - start,
      callMs: Number.NaN,
    };
  }

  call(inputs: readonly tf.Tensor[]): Result {
    const backend = this.#backend;
    const { variables, tensors, outputs } = this.#trace;
    for (const { tensor, line } of tensors)
      if (!backend.tensorMap.has(tensor.dataId))
        throw new RuntimeError(
          `${this.#name} captured a tensor of shape [${tensor.shape}] at ${line}, which has been disposed.`,
        );
    // Before the ids of the inputs are read, because this may change the id of a variable among them.
    const entries = variables.map(({ variable, written }) => this.#entryOf(variable, written));
    const ids = [
      ...backend.getInputTensorIds([...inputs]),
      ...entries.map(({ resource }) => resource),
      ...backend.getInputTensorIds(tensors.map(({ tensor }) => tensor)),
    ];
    let results: TensorDescription[];
    try {
      results = backend.binding.callFunction(this.#name, this.#configProto, Int32Array.from(ids), outputs.length);
    } finally {
      for (const [index, { written }] of variables.entries()) if (written) entries[index]!.forgetRead();
    }
    this.isCalled = true;
    return this.#rebuild(results.map((result) => backend.createOutputTensor(result)));
  }

  dispose(): void {
    this.#backend.binding.removeFunction(this.#name);
  }

  #entryOf(variable: tf.Variable, written: boolean): ResourceEntry {
    if (variable.isDisposed)
      throw new RuntimeError(`${this.#name} uses variable ${variable.name}, which has been disposed.`);
    return written ? writableResourceOf(this.#backend, variable) : resourceOf(this.#backend, variable);
  }
}

function tensorsOf(name: string, result: unknown): readonly tf.Tensor[] {
  const isCollection = typeof result === 'object' && result !== null && !(result instanceof tf.Tensor);
  const tensors: unknown[] = isCollection ? Object.values(result) : [result];
  // A promise has no enumerable values.
  if (!(result instanceof Promise) && tensors.every((one) => one instanceof tf.Tensor)) return tensors;
  throw new RuntimeError(`${name} must return a tensor, an array of tensors, or an object whose values are tensors.`);
}

function rebuilderOf<Result extends Results>(result: Result): (tensors: readonly tf.Tensor[]) => Result {
  if (result instanceof tf.Tensor) return ([tensor]) => tensor as Result;
  if (Array.isArray(result)) return (tensors) => tensors as unknown as Result;
  const names = Object.keys(result);
  return (tensors) => Object.fromEntries(names.map((name, index) => [name, tensors[index]])) as Result;
}
