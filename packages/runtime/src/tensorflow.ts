/** Types of the native addon and of tfjs-node's backend, as far as Chorus uses them. */
import type tfjs from '@chorus/tfjs';

/** The binding's description of a tensor. */
export interface TensorDescription {
  id: number;
  /** TensorFlow's DataType number. */
  dtype: number;
  shape: number[];
}

/** An output of a graph operation; its shape is null if it is unknown before the graph runs. */
export interface OutputDescription extends Omit<TensorDescription, 'shape'> {
  shape: number[] | null;
}

/** The binding's exports; the functions after `tensorDevice` are Chorus's own (native/functions.cc). */
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
    /** Outputs; an Int32Array for a list argument. */
    inputs: (number | Int32Array)[],
    /** Alternating names and serialized AttrValues. */
    attributes: (string | Uint8Array)[],
    /** Operations that run before this one. */
    controls: Int32Array,
  ): { operation: number; outputs: OutputDescription[] };
  setShape(graph: number, output: number, shape: Int32Array): void;
  addFunction(
    graph: number,
    name: string,
    inputs: Int32Array,
    outputs: Int32Array,
    controls: Int32Array,
    /** All operations of the function. */
    operations: Int32Array,
  ): void;
  removeFunction(name: string): void;
  callFunction(name: string, configProto: Uint8Array, inputIds: Int32Array, outputCount: number): TensorDescription[];
  collectRunMetadata(whether: boolean): void;
  /** A serialized RunMetadata. */
  runMetadata(): Uint8Array;
}

/** The backend's record of a tensor's data. */
export interface TensorEntry {
  readonly shape: number[];
  readonly dtype: number;
  /** The binding's id; meaningless while `values` are not yet transferred. */
  id: number;
  values: tfjs.BackendValues | null;
  refCount: number;
}

/** The parts of tfjs-node's backend that Chorus uses in addition to tfjs's interface. */
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

/** Creates a type attribute of an op. */
export function typeAttribute({ TF_ATTR_TYPE }: Binding, name: string, dtype: number): OpAttribute {
  return { name, type: TF_ATTR_TYPE, value: dtype };
}
