/** An ONNX graph as plain data. */

/** Element types of inputs and outputs. */
export type OnnxType = 'float32' | 'uint8';

/** A constant. Its memory is read when the model is encoded. */
export interface OnnxTensor {
  name: string;
  shape: readonly number[];
  values: Float32Array | BigInt64Array | Int32Array | Int8Array | Uint8Array;
}

export interface OnnxFloat {
  float: number;
}

/** A list of whole numbers, one whole number, or a float. */
export type OnnxAttribute = readonly number[] | number | OnnxFloat;

export interface OnnxNode {
  /** Name of the operator, such as `Conv`. */
  operator: string;
  /** Unique in the graph; the node's only output has the same name. */
  name: string;
  inputs: readonly string[];
  attributes?: Readonly<Record<string, OnnxAttribute>>;
}

export interface OnnxValue {
  name: string;
  type: OnnxType;
  /** A dimension is a number or a name, such as `N`. */
  shape: readonly (number | string)[];
}

export interface OnnxGraph {
  name: string;
  inputs: readonly OnnxValue[];
  outputs: readonly OnnxValue[];
  /** Topologically ordered. */
  nodes: readonly OnnxNode[];
  constants: readonly OnnxTensor[];
}
