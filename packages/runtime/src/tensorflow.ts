/** Loads the native addon, which makes the thread's TFE context, and gives it to tfjs as the backend `tensorflow`. */
import { createRequire } from 'node:module';
import * as tfjs from '@tensorflow/tfjs';
import { loadTfjsNode } from './tfjs-node.ts';

const require = createRequire(import.meta.url);

export interface ContextOptions {
  /** TensorFlow's short name, such as `CPU:1`. */
  device: string;
  /** A serialized ConfigProto. */
  configProto: Uint8Array;
  /** What `configProto` says, in words: the first thread's are the error message of one that asks for others. */
  settings: string;
}

/** A tensor as the binding describes it. */
export interface TensorDescription {
  id: number;
  /** TensorFlow's number of the type. */
  dtype: number;
  shape: number[];
}

/** An output of a graph's operation; a shape of null is not known before it runs. */
export interface OutputDescription extends Omit<TensorDescription, 'shape'> {
  shape: number[] | null;
}

/** What the binding exports; the functions below `tensorDevice` are Chorus' own, native/functions.cc. */
export interface Binding {
  readonly TF_ATTR_STRING: number;
  readonly TF_ATTR_INT: number;
  readonly TF_ATTR_FLOAT: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_TYPE: number;
  readonly TF_ATTR_SHAPE: number;
  readonly TF_FLOAT: number;
  readonly TF_INT32: number;
  readonly TF_INT64: number;
  readonly TF_UINT8: number;
  readonly TF_BOOL: number;
  readonly TF_COMPLEX64: number;
  readonly TF_RESOURCE: number;
  readonly TF_Version: string;
  /** @returns TensorFlow's full names of all devices of the context. */
  createContext(device: string, configProto: Uint8Array, settings: string): string[];
  createTensor(shape: readonly number[], dtype: number, values: tfjs.BackendValues): number;
  deleteTensor(tensorId: number): void;
  getNumOfTensors(): number;
  executeOp(name: string, attributes: OpAttribute[], inputIds: number[], outputCount: number): TensorDescription[];
  tensorDevice(tensorId: number): string;
  createGraph(): number;
  deleteGraph(graph: number): void;
  /** A serialized OpDef. */
  operationDefinition(graph: number, type: string): Uint8Array;
  addOperation(
    graph: number,
    type: string,
    /** Outputs; those of a list together. */
    inputs: (number | Int32Array)[],
    /** Names and serialized AttrValues by turns. */
    attributes: (string | Uint8Array)[],
    /** Operations to run before. */
    controls: Int32Array,
  ): { operation: number; outputs: OutputDescription[] };
  setShape(graph: number, output: number, shape: Int32Array): void;
  addFunction(
    graph: number,
    name: string,
    inputs: Int32Array,
    outputs: Int32Array,
    controls: Int32Array,
    /** All that are in it. */
    operations: Int32Array,
  ): void;
  removeFunction(name: string): void;
  callFunction(name: string, configProto: Uint8Array, inputIds: Int32Array, outputCount: number): TensorDescription[];
  collectRunMetadata(whether: boolean): void;
  /** A serialized RunMetadata. */
  runMetadata(): Uint8Array;
}

/** What the backend knows of a tensor's data. */
export interface TensorEntry {
  readonly shape: number[];
  readonly dtype: number;
  /** The binding's; meaningless while `values` wait to be handed over. */
  id: number;
  values: tfjs.BackendValues | null;
  refCount: number;
}

/** The parts of tfjs-node's backend that Chorus uses beside tfjs's own interface. */
export interface NativeBackend extends tfjs.KernelBackend {
  binding: Binding;
  readonly tensorMap: {
    get(dataId: tfjs.DataId): TensorEntry;
    set(dataId: tfjs.DataId, entry: TensorEntry): void;
    has(dataId: tfjs.DataId): boolean;
    delete(dataId: tfjs.DataId): boolean;
  };
  createOutputTensor(description: TensorDescription): tfjs.Tensor;
  getInputTensorIds(tensors: tfjs.TensorInfo[]): number[];
  executeSingleOutput(name: string, attributes: OpAttribute[], inputs: tfjs.TensorInfo[]): tfjs.Tensor;
  executeMultipleOutputs(
    name: string,
    attributes: OpAttribute[],
    inputs: tfjs.TensorInfo[],
    count: number,
  ): tfjs.Tensor[];
}

export interface OpAttribute {
  name: string;
  type: number;
  value: number | boolean | string | readonly (number | boolean)[];
}

/** An op's attribute that is a type. */
export function typeAttribute({ TF_ATTR_TYPE }: Binding, name: string, dtype: number): OpAttribute {
  return { name, type: TF_ATTR_TYPE, value: dtype };
}

/**
 * Loads TensorFlow into this thread.
 *
 * @throws what the binding throws: unknown device (`CHORUS_NO_SUCH_DEVICE`, the message lists those that exist), other
 * process settings than the first (`CHORUS_PROCESS_SETTINGS`, the message is the first's), one thread pool for all
 * (`CHORUS_SHARED_THREAD_POOL`), or a library that cannot be loaded. Another call may follow.
 * @returns TensorFlow's full names of all devices.
 */
export function loadTensorflow(
  paths: { quietPath: string; frameworkPath: string; bindingPath: string },
  { device, configProto, settings }: ContextOptions,
): string[] {
  (require(paths.quietPath) as { loadQuietly(path: string): void }).loadQuietly(paths.frameworkPath);
  const { NodeJSKernelBackend, nodeFileSystemRouter } = loadTfjsNode();
  const binding = require(paths.bindingPath) as Binding;
  const deviceNames = binding.createContext(device, configProto, settings);
  // Some kernels behave differently by the package's name.
  const makeBackend = () => new NodeJSKernelBackend(binding, '@tensorflow/tfjs-node-gpu');
  tfjs.registerBackend('tensorflow', makeBackend, 3);
  // The backend exists at once, so the answer is no promise.
  if (!tfjs.setBackend('tensorflow')) throw new Error('tfjs refused the backend "tensorflow"');
  tfjs.io.registerLoadRouter(nodeFileSystemRouter);
  tfjs.io.registerSaveRouter(nodeFileSystemRouter);
  return deviceNames;
}
