/**
 * Runs a function once with symbols in place of tensors, and takes down what it does.
 *
 * tfjs' kernels of this backend reach TensorFlow through a few methods of the backend and through `executeOp` of its
 * binding. For the time of a trace those add operations to a graph; tfjs itself, its gradients and its scopes run as ever.
 */
import * as tf from '@tensorflow/tfjs';
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

/** What a function's arguments are: TensorFlow's number of the type, and the shape. */
export type Signature = readonly Pick<TensorDescription, 'dtype' | 'shape'>[];

export interface CapturedVariable {
  variable: tf.Variable;
  /** Whether the function changes it. */
  written: boolean;
}

/** What a trace leaves: a function of arguments, then variables, then tensors. */
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

/** The trace that runs in this thread. */
let current: Tracer | undefined;

/** For kernels that write in place: they do so in the graph while a function is traced. */
export function currentTracer(): Tracer | undefined {
  return current;
}

/**
 * Traces `fn` twice, the second time to hold it against the first.
 *
 * @param fn takes symbols and gives back those that the compiled function returns.
 * @throws RuntimeError naming op and line: for a read of data, an op that cannot be recorded, a result that depends on
 * something drawn or counted in JavaScript, and tensors or variables that would stay behind.
 */
export function trace(
  backend: NativeBackend,
  signature: Signature,
  fn: (inputs: tf.Tensor[]) => readonly tf.Tensor[],
): Trace {
  if (current !== undefined) throw new Error('a trace inside of a trace');
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
      `A compiled function must do the same whenever it is traced: the second time, ${error.message}, at ${callerLine(error)}. Hand over what changes from call to call as a tensor; random numbers come from a seed that is an input.`,
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
      // What has been noted comes before what followed from it.
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
   * An op that changes variables in place; they have its results afterwards.
   *
   * @param variables its first inputs, as resources.
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
    // A tensor of its own, so that a clone of the old value, which shares its data, keeps that.
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

  /** An op of one input and one output that takes no attribute but its type. */
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

  /** The `executeOp` of a trace: inputs and outputs are symbols. */
  #record(type: string, attributes: readonly OpAttribute[], ids: readonly number[]): TensorDescription[] {
    const inputs = ids.map(outputOf);
    let added: AddedOperation;
    try {
      if (this.graph.definition(type).isStateful) throw new Error('it has a state of its own');
      added = this.#operation(type, attributes, inputs);
    } catch (error) {
      if (error instanceof Mismatch) throw error;
      throw cannotBeRecorded(type, (error as Error).message);
    }
    const made = { type, attributes, inputs };
    return added.outputs.map(({ id, dtype, shape: inferred }, index) => {
      const shape = inferred ?? (index === opaqueOutputs[type] ? [0] : null);
      if (shape === null) throw cannotBeRecorded(type, 'the shape of its output depends on the data');
      // tfjs reshapes to the shape that a tensor has, such as behind BatchNorm; grappler fuses nothing across that.
      if (type === 'Reshape' && this.#hasShape(inputs[0]!, shape)) return { id: idOf(inputs[0]!), dtype, shape };
      this.#scope.makers.set(id, made);
      // Grappler takes x + 0 and x · 1 for x, which then must not be an argument either.
      const { apart } = this.#scope;
      if (arithmetic.has(type) && inputs.every((input) => apart.has(input))) apart.add(id);
      this.#noteShape(id, shape);
      return { id: idOf(index === 0 ? (this.#folded(made, shape) ?? id) : id), dtype, shape };
    });
  }

  /** The output in place of a batch normalization's, if it is folded into the convolution before it. */
  #folded(norm: RecordedOperation, shape: readonly number[]): number | undefined {
    const { makers, shapes } = this.#scope;
    const convolution = makers.get(norm.inputs[0]!);
    // A gradient takes the convolution's own output too.
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

  /** The output that stands for a tensor in the graph. */
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
      throw cannotBeRecorded('a constant', 'it is not made of numbers');
    const what = `a constant of shape [${shape}]`;
    const add = () =>
      this.#add(what, `${what} ${dtype}`, () => this.graph.constant(dtype, shape, values), values).outputs[0]!.id;
    if (values.length > smallSize) return add();
    // tfjs makes each anew: a training step has hundreds of ones and epsilons.
    const { constants } = this.#scope;
    const key = `${dtype} [${shape}] ${Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('hex')}`;
    const known = constants.get(key) ?? add();
    constants.set(key, known);
    return known;
  }

  #capture(tensor: tf.TensorInfo, dtype: number): number {
    const { captured } = this.#scope;
    const { outputs } = this.#add('a tensor from outside', `outside ${this.#numberOf(tensor.dataId)}`, () =>
      this.graph.placeholder(dtype, tensor.shape),
    );
    const { dataId, shape } = tensor;
    this.#noteShape(outputs[0]!.id, shape);
    captured.push({ tensor: { dataId, shape, dtype: tensor.dtype }, line: callerLine(), output: outputs[0]!.id });
    return outputs[0]!.id;
  }

  /** The same in both traces. */
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

  /** The value that it has when the function is called; asked for later than a change, it must have been read before. */
  #firstOf(state: VariableState): number {
    state.first ??= this.#read(state);
    return state.first;
  }

  /** The value that its resource has now. */
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

  /** TensorFlow's type of the data, which the resource has too. */
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

  /** Its state, with what the trace has assigned to it written to the resource. */
  #flushed(variable: tf.Variable): VariableState {
    const state = this.#stateOf(variable);
    if (this.#isUntouched(variable)) return state;
    const symbol = this.#symbolOf(variable);
    if (symbol === state.value) return state;
    const dtype = typeAttribute(this.#binding, 'dtype', this.#typeOf(variable));
    // The value may share the memory of an argument, which may be a typed array of JavaScript's.
    const isApart = variable.size > 1 && this.#scope.apart.has(symbol);
    this.#change(
      'AssignVariableOp',
      [dtype],
      [state],
      [state.resource, isApart ? symbol : this.#execute('DeepCopy', symbol)],
    );
    return state;
  }

  /** Neither assigned to nor changed in place. */
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

  /** Puts the trace in the backend's place; the result takes it away again. */
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
        // The trace fails at its end; a promise that did would be one that nobody awaits.
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
          `A variable${name === undefined ? '' : ` ${name}`} was created inside a compiled function, at ${callerLine()}; create it before, or each trace makes another.`,
        );
      },
    });
    const { stackTraceLimit } = Error;
    // tfjs is deep: else the caller's line is cut off.
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
      `The data of ${whose} was read inside a compiled function, at ${callerLine()}: it is not there before the function runs. Return the tensor and read it outside.`,
    );
  }
}

/** Numbers of a constant that is looked for among those that are there. */
const smallSize = 16;

/** Ops that have memory of their own, unless they are simplified to one of their inputs. Assignments mostly end in them. */
const arithmetic: ReadonlySet<string> = new Set(['Add', 'AddV2', 'Sub', 'Mul', 'RealDiv', 'Div']);

/** Outputs that only the op's gradient reads, and of which TensorFlow does not tell the shape. */
const opaqueOutputs: Readonly<Record<string, number>> = { FusedBatchNormV3: 5 };

/** What tfjs has saved for gradients; after an error inside of one it would never dispose of it. */
function disposeTape(): void {
  const tape = tf.engine().state.activeTape ?? [];
  tf.dispose(tape.flatMap(({ saved }) => saved ?? []));
}

type Methods = Record<string, (...given: never[]) => unknown>;

/** The result puts the object's own back. */
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
