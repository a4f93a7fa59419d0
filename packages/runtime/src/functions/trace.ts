/**
 * Runs a function with symbols in place of tensors, and records its operations.
 *
 * The backend's tfjs kernels call TensorFlow through a few methods of the backend and through `executeOp` of its binding.
 * During a trace, these add operations to a graph; the rest of tfjs, its gradients and its scopes run unchanged.
 */
import tf from '@chorus/tfjs';
import { RuntimeError } from '../errors.ts';
import {
  type Binding,
  type NativeBackend,
  type OpAttribute,
  type TensorDescription,
  typeAttribute,
} from '../tensorflow.ts';
import type { Numbers } from './attr-value.ts';
import { callerLine } from './caller-line.ts';
import { canFold, foldedBatchNorm, type RecordedOperation } from './folded-batch-norm.ts';
import { type AddedOperation, FunctionGraph } from './function-graph.ts';
import { idOf, isSymbol, outputOf } from './symbols.ts';
import { Mismatch, Tape } from './tape.ts';
import { type CapturedTensor, TraceScope, type VariableState } from './trace-scope.ts';

/** The DataType number and the shape of each argument. */
export type Signature = readonly Pick<TensorDescription, 'dtype' | 'shape'>[];

export interface CapturedVariable {
  variable: tf.Variable;
  /** Whether the function changes it. */
  written: boolean;
}

/** The result of a trace: a function of arguments, then variables, then tensors. */
export interface Trace {
  graph: FunctionGraph;
  inputs: number[];
  variables: CapturedVariable[];
  tensors: CapturedTensor[];
  outputs: number[];
  /** Operations that change a variable. */
  changes: number[];
  operationCount: number;
}

/** The active trace of this thread. */
let current: Tracer | undefined;

/** Returns the active trace, for kernels that write in place, which must record to the graph during a trace. */
export function currentTracer(): Tracer | undefined {
  return current;
}

/**
 * Traces `fn` twice and compares the second trace with the first.
 *
 * @param fn receives symbols and returns the symbols that the compiled function returns.
 * @throws RuntimeError naming op and line: for a read of data, an op that cannot be recorded, a result that depends on
 * values drawn or counted in JavaScript, and tensors or variables that would outlive the function.
 */
export function trace(
  backend: NativeBackend,
  signature: Signature,
  fn: (inputs: tf.Tensor[]) => readonly tf.Tensor[],
): Trace {
  if (current !== undefined) throw new Error('a trace within a trace');
  const tracer = new Tracer(backend);
  try {
    const result = tracer.run(signature, fn);
    tracer.rewind();
    tracer.run(signature, fn);
    return result;
  } catch (error) {
    tracer.graph.dispose();
    if (!(error instanceof Mismatch)) throw error;
    throw new RuntimeError(
      `A compiled function must record the same operations in every trace: in the second one, ${error.message}, at ${callerLine(error)}. Pass values that change between calls as tensors, and draw random numbers from a seed that is an input.`,
    );
  }
}

// --- internal ---

class Tracer {
  readonly graph: FunctionGraph;
  readonly #backend: NativeBackend;
  readonly #binding: Binding;
  readonly #tape = new Tape();
  readonly #numbers = new Map<object, number>();
  #scope!: TraceScope;

  constructor(backend: NativeBackend) {
    this.#backend = backend;
    this.#binding = backend.binding;
    this.graph = new FunctionGraph(backend.binding);
  }

  rewind(): void {
    this.#tape.rewind();
  }

  run(signature: Signature, fn: (inputs: tf.Tensor[]) => readonly tf.Tensor[]): Trace {
    const scope = new TraceScope(this.#backend);
    this.#scope = scope;
    const restore = this.#install();
    let outputs: number[];
    try {
      outputs = tf.tidy(() => {
        const inputs = signature.map(({ dtype, shape }, index) => {
          const { outputs } = this.#add(`argument ${index}`, `argument ${dtype} ${shape}`, () =>
            this.graph.placeholder(dtype, shape),
          );
          scope.inputs.push(outputs[0]!.id);
          this.#noteShape(outputs[0]!.id, shape);
          return this.#symbol(outputs[0]!.id, dtype, shape);
        });
        const results = fn(inputs);
        const outputs = this.#symbolsOf(results).map((symbol) => this.#execute('Identity', symbol));
        for (const variable of scope.variables.values()) if (!this.#isUntouched(variable)) this.#flushed(variable);
        return outputs;
      });
      this.#tape.end();
    } catch (error) {
      // A recorded failure takes precedence over errors that it caused.
      throw scope.failure ?? error;
    } finally {
      restore();
      disposeTape();
      scope.restoreVariables();
      scope.disposeKept();
    }
    if (scope.failure !== undefined) throw scope.failure;
    const states = [...scope.states.values()];
    return {
      graph: this.graph,
      inputs: [
        ...scope.inputs,
        ...states.map(({ resource }) => resource),
        ...scope.captured.map(({ output }) => output),
      ],
      variables: states.map(({ variable, changedBy }) => ({ variable, written: changedBy !== undefined })),
      tensors: scope.captured.map(({ tensor, line }) => ({ tensor, line })),
      outputs,
      changes: scope.changes,
      operationCount: scope.operationCount,
    };
  }

  /**
   * Records an op that updates variables in place.
   *
   * @param variables the first inputs of the op, as resources.
   */
  changeInPlace(
    type: string,
    attributes: OpAttribute[],
    variables: readonly tf.Variable[],
    inputs: readonly tf.TensorInfo[],
  ): void {
    const states = variables.map((variable) => this.#flushed(variable));
    const symbols = this.#symbolsOf(inputs);
    const resources = states.map(({ resource }) => resource);
    this.#change(type, attributes, states, [...resources, ...symbols]);
    // A new tensor, so that a clone, which shares the old data, keeps the old value.
    for (const state of states) this.#bind(state.variable, this.#read(state));
  }

  // --- the graph ---

  #add(what: string, key: string, add: () => AddedOperation, values?: Numbers): AddedOperation {
    this.#scope.operationCount += 1;
    return this.#tape.next(what, key, values, add);
  }

  #operation(
    type: string,
    attributes: readonly OpAttribute[],
    inputs: readonly number[],
    controls: readonly number[] = [],
  ): AddedOperation {
    const key = `${type} ${JSON.stringify(attributes)} ${inputs} ${controls}`;
    return this.#add(type, key, () => this.graph.add(type, attributes, inputs, controls));
  }

  /** Records an op with one input, one output and only a type attribute. */
  #execute(type: string, symbol: number): number {
    return this.#operation(type, [], [symbol]).outputs[0]!.id;
  }

  #noteShape(output: number, shape: readonly number[]): void {
    this.#scope.shapes.set(output, shape);
    if (tf.util.sizeFromShape([...shape]) === 1) this.#scope.apart.add(output);
  }

  #hasShape(output: number, shape: readonly number[]): boolean {
    const known = this.#scope.shapes.get(output);
    return known !== undefined && tf.util.arraysEqual([...known], [...shape]);
  }

  #symbol(output: number, dtype: number, shape: readonly number[]): tf.Tensor {
    return this.#backend.createOutputTensor({ id: idOf(output), dtype, shape: [...shape] });
  }

  /** `executeOp` during a trace: inputs and outputs are symbols. */
  #record(type: string, attributes: readonly OpAttribute[], ids: readonly number[]): TensorDescription[] {
    const inputs = ids.map(outputOf);
    let added: AddedOperation;
    try {
      if (this.graph.definition(type).isStateful) throw new Error('it is stateful');
      added = this.#operation(type, attributes, inputs);
    } catch (error) {
      if (error instanceof Mismatch) throw error;
      throw cannotBeRecorded(type, (error as Error).message);
    }
    const made = { type, attributes, inputs };
    return added.outputs.map(({ id, dtype, shape: inferred }, index) => {
      const shape = inferred ?? (index === opaqueOutputs[type] ? [0] : null);
      if (shape === null) throw cannotBeRecorded(type, 'the shape of its output depends on the data');
      // tfjs inserts reshapes to the same shape, such as after BatchNorm, and grappler does not fuse across them.
      if (type === 'Reshape' && this.#hasShape(inputs[0]!, shape)) return { id: idOf(inputs[0]!), dtype, shape };
      this.#scope.makers.set(id, made);
      // Grappler replaces x + 0 and x · 1 by x, so x must not be an argument either.
      const { apart } = this.#scope;
      if (arithmetic.has(type) && inputs.every((input) => apart.has(input))) apart.add(id);
      this.#noteShape(id, shape);
      return { id: idOf(index === 0 ? (this.#folded(made, shape) ?? id) : id), dtype, shape };
    });
  }

  /** Returns the output that replaces a batch normalization's, if it can be folded into the preceding convolution. */
  #folded(norm: RecordedOperation, shape: readonly number[]): number | undefined {
    const { makers, shapes } = this.#scope;
    const convolution = makers.get(norm.inputs[0]!);
    // A gradient also needs the convolution's own output.
    if (!canFold(norm, convolution) || tf.engine().state.gradientDepth > 0) return undefined;
    if (shapes.get(convolution.inputs[0]!)?.at(-1) !== shape.at(-1)) return undefined;
    const output = foldedBatchNorm(norm, convolution, {
      operation: (type, attributes, inputs) => this.#operation(type, attributes, inputs).outputs[0]!.id,
      number: (dtype, value) =>
        dtype === 'int32'
          ? this.#constant(this.#binding.TF_INT32, [], Int32Array.of(value))
          : this.#constant(this.#binding.TF_FLOAT, [], Float32Array.of(value)),
    });
    makers.set(output, norm);
    this.#noteShape(output, shape);
    return output;
  }

  #symbolsOf(tensors: readonly tf.TensorInfo[]): number[] {
    return tensors.map((tensor) => this.#symbolOf(tensor));
  }

  /** Returns the output that represents a tensor in the graph. */
  #symbolOf(tensor: tf.TensorInfo): number {
    const { dataId } = tensor;
    const { madeInside, symbols, variables } = this.#scope;
    const known = symbols.get(dataId);
    if (known !== undefined) return known;
    const variable = variables.get(dataId);
    if (variable !== undefined) return this.#firstOf(this.#stateOf(variable));
    const entry = this.#backend.tensorMap.get(dataId);
    let symbol: number;
    if (isSymbol(entry.id)) return outputOf(entry.id);
    if (madeInside.has(dataId)) {
      symbol = this.#constant(entry.dtype, tensor.shape, entry.values);
      this.#scope.apart.add(symbol);
    } else symbol = this.#capture(tensor, entry.dtype);
    symbols.set(dataId, symbol);
    return symbol;
  }

  #constant(dtype: number, shape: readonly number[], values: unknown): number {
    if (!(values instanceof Float32Array || values instanceof Int32Array || values instanceof Uint8Array))
      throw cannotBeRecorded('a constant', 'only numeric constants are supported');
    const what = `a constant of shape [${shape}]`;
    const add = () =>
      this.#add(what, `${what} ${dtype}`, () => this.graph.constant(dtype, shape, values), values).outputs[0]!.id;
    if (values.length > smallSize) return add();
    // tfjs creates each constant again: a training step has hundreds of ones and epsilons.
    const { constants } = this.#scope;
    const key = `${dtype} [${shape}] ${Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('hex')}`;
    const known = constants.get(key) ?? add();
    constants.set(key, known);
    return known;
  }

  #capture(tensor: tf.TensorInfo, dtype: number): number {
    const { captured } = this.#scope;
    const { outputs } = this.#add('a captured tensor', `outside ${this.#numberOf(tensor.dataId)}`, () =>
      this.graph.placeholder(dtype, tensor.shape),
    );
    const { dataId, shape } = tensor;
    this.#noteShape(outputs[0]!.id, shape);
    captured.push({ tensor: { dataId, shape, dtype: tensor.dtype }, line: callerLine(), output: outputs[0]!.id });
    return outputs[0]!.id;
  }

  /** Returns a number for the data that is the same in both traces. */
  #numberOf(dataId: object): number {
    if (!this.#numbers.has(dataId)) this.#numbers.set(dataId, this.#numbers.size);
    return this.#numbers.get(dataId)!;
  }

  // --- variables ---

  #stateOf(variable: tf.Variable): VariableState {
    const { states } = this.#scope;
    const known = states.get(variable);
    if (known !== undefined) return known;
    const { outputs } = this.#add(`variable ${variable.name}`, `variable ${variable.id}`, () =>
      this.graph.placeholder(this.#binding.TF_RESOURCE, []),
    );
    const state = {
      variable,
      resource: outputs[0]!.id,
      first: undefined,
      value: undefined,
      users: new Set<number>(),
      changedBy: undefined,
    };
    states.set(variable, state);
    return state;
  }

  /** Returns the value of a variable at the call; after a change, it must have been read before that change. */
  #firstOf(state: VariableState): number {
    state.first ??= this.#read(state);
    return state.first;
  }

  /** Reads the current value of the resource. */
  #read(state: VariableState): number {
    const { variable, users, changedBy } = state;
    const dtype = typeAttribute(this.#binding, 'dtype', this.#typeOf(variable));
    const controls = changedBy === undefined ? [] : [changedBy];
    const { operation, outputs } = this.#operation('ReadVariableOp', [dtype], [state.resource], controls);
    if (!this.#tape.isReplay) this.graph.setShape(outputs[0]!.id, variable.shape);
    users.add(operation);
    this.#scope.apart.add(outputs[0]!.id);
    state.value = outputs[0]!.id;
    return state.value;
  }

  /** Returns TensorFlow's type of the variable's data, which is also the resource's. */
  #typeOf(variable: tf.Variable): number {
    return this.#backend.tensorMap.get(this.#scope.dataOf(variable)).dtype;
  }

  #change(
    type: string,
    attributes: readonly OpAttribute[],
    states: readonly VariableState[],
    inputs: readonly number[],
  ): number {
    for (const state of states) if (this.#scope.isFirstShared(state.variable)) this.#firstOf(state);
    const controls = [...new Set(states.flatMap(({ users }) => [...users]))];
    const { operation } = this.#operation(type, attributes, inputs, controls);
    for (const state of states) {
      state.users = new Set([operation]);
      state.changedBy = operation;
      state.value = undefined;
    }
    this.#scope.changes.push(operation);
    return operation;
  }

  /** Returns the state of a variable after writing the value assigned in the trace to its resource. */
  #flushed(variable: tf.Variable): VariableState {
    const state = this.#stateOf(variable);
    if (this.#isUntouched(variable)) return state;
    const symbol = this.#symbolOf(variable);
    if (symbol === state.value) return state;
    const dtype = typeAttribute(this.#binding, 'dtype', this.#typeOf(variable));
    // The value may share memory with an argument, which may be a JavaScript typed array.
    const isApart = variable.size > 1 && this.#scope.apart.has(symbol);
    this.#change(
      'AssignVariableOp',
      [dtype],
      [state],
      [state.resource, isApart ? symbol : this.#execute('DeepCopy', symbol)],
    );
    return state;
  }

  /** Returns whether a variable was neither assigned nor updated in place. */
  #isUntouched(variable: tf.Variable): boolean {
    const { states, variables } = this.#scope;
    return variables.get(variable.dataId) === variable && states.get(variable)?.changedBy === undefined;
  }

  #bind(variable: tf.Variable, output: number): void {
    const tensor = this.#symbol(output, this.#typeOf(variable), variable.shape);
    variable.assign(tensor);
    tensor.dispose();
  }

  // --- tfjs ---

  /** Redirects the backend to the trace; returns a function that restores it. */
  #install(): () => void {
    const backend = this.#backend;
    const scope = this.#scope;
    const { madeInside, made } = scope;
    const { move, createOutputTensor, read, readSync } = backend as unknown as Methods;
    const restoreBackend = replaceMethods(backend, {
      binding: Object.create(this.#binding, {
        executeOp: {
          value: (type: string, attributes: OpAttribute[], ids: number[]) => this.#record(type, attributes, ids),
        },
      }),
      getInputTensorIds: (tensors: tf.TensorInfo[]) => this.#symbolsOf(tensors).map(idOf),
      move(dataId: object, ...rest: never[]) {
        madeInside.add(dataId);
        return move!.call(backend, dataId as never, ...rest);
      },
      createOutputTensor(description: TensorDescription) {
        const tensor = createOutputTensor!.call(backend, description as never) as tf.Tensor;
        made.add(tensor.dataId);
        return tensor;
      },
      readSync: (dataId: object) => {
        if (madeInside.has(dataId)) return readSync!.call(backend, dataId as never);
        throw this.#cannotBeRead(dataId);
      },
      read: (dataId: object) => {
        if (madeInside.has(dataId)) return read!.call(backend, dataId as never);
        // The trace fails at its end, because a rejected promise might not be awaited.
        scope.failure ??= this.#cannotBeRead(dataId);
        return new Promise(() => {});
      },
    });
    const engine = tf.engine();
    const { keep } = engine;
    const restoreEngine = replaceMethods(engine, {
      keep(tensor: tf.Tensor) {
        scope.kept.set(tensor, new Error());
        return keep.call(engine, tensor);
      },
      makeVariable(_: tf.Tensor, __: boolean, name?: string) {
        throw new RuntimeError(
          `A variable${name === undefined ? '' : ` ${name}`} was created inside a compiled function, at ${callerLine()}; create it outside, because every trace would create another one.`,
        );
      },
    });
    const { stackTraceLimit } = Error;
    // tfjs's call stacks are deep: the default limit would cut off the caller's line.
    Error.stackTraceLimit = 100;
    current = this;
    return () => {
      current = undefined;
      Error.stackTraceLimit = stackTraceLimit;
      restoreEngine();
      restoreBackend();
    };
  }

  #cannotBeRead(dataId: object): Error {
    const { variables, makers } = this.#scope;
    const entry = this.#backend.tensorMap.get(dataId);
    const op = isSymbol(entry.id) ? makers.get(outputOf(entry.id))?.type : undefined;
    const variable = variables.get(dataId);
    const whose = op ?? (variable === undefined ? 'a tensor' : `variable ${variable.name}`);
    return new RuntimeError(
      `The data of ${whose} was read inside a compiled function, at ${callerLine()}: tensors have no data while a function is traced. Return the tensor and read it outside.`,
    );
  }
}

/** Maximum size of a constant that is deduplicated. */
const smallSize = 16;

/** Ops whose outputs have their own memory, unless grappler simplifies them to an input. Most assigned values end in them. */
const arithmetic: ReadonlySet<string> = new Set(['Add', 'AddV2', 'Sub', 'Mul', 'RealDiv', 'Div']);

/** Outputs that only the op's gradient reads, and whose shape TensorFlow does not report. */
const opaqueOutputs: Readonly<Record<string, number>> = { FusedBatchNormV3: 5 };

/** Disposes tensors that tfjs saved for gradients, which it does not do after an error within a gradient. */
function disposeTape(): void {
  const tape = tf.engine().state.activeTape ?? [];
  tf.dispose(tape.flatMap(({ saved }) => saved ?? []));
}

type Methods = Record<string, (...given: never[]) => unknown>;

/** Replaces methods of an object; returns a function that restores them. */
function replaceMethods(object: object, methods: Record<string, unknown>): () => void {
  const before = Object.keys(methods).map((name) => [name, Object.getOwnPropertyDescriptor(object, name)] as const);
  Object.assign(object, methods);
  return () => {
    for (const [name, descriptor] of before)
      if (descriptor === undefined) delete (object as Record<string, unknown>)[name];
      else Object.defineProperty(object, name, descriptor);
  };
}

function cannotBeRecorded(what: string, why: string): RuntimeError {
  return new RuntimeError(`${what} cannot be part of a compiled function (${why}), at ${callerLine()}.`);
}
