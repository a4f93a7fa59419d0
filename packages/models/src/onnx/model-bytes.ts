/**
 * Encodes an ONNX graph as a protocol buffer. Field numbers and types are those of onnx.proto
 * (https://github.com/onnx/onnx, Apache-2.0).
 */
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

/** Element types of inputs and outputs. */
export type OnnxType = 'float32' | 'uint8';

/** A constant. Its memory is read when the model is encoded. */
export interface OnnxTensor {
  name: string;
  shape: readonly number[];
  values: Float32Array | BigInt64Array;
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

/** Version of the operators. onnxruntime reads it since 1.14, onnxruntime-web too. */
export const opsetVersion = 17;

/**
 * Encodes a graph as an ONNX model.
 *
 * @returns content of an `.onnx` file.
 */
export function modelBytes(graph: OnnxGraph): Uint8Array {
  const writer = new BinaryWriter();
  integer(writer, 1, irVersion);
  text(writer, 2, 'chorus');
  message(writer, 7, () => writeGraph(writer, graph));
  message(writer, 8, () => {
    text(writer, 1, '');
    integer(writer, 2, opsetVersion);
  });
  return writer.finish();
}

// --- internal ---

/** Version of the file format that belongs to {@link opsetVersion}. */
const irVersion = 8;

/** TensorProto.DataType */
const elementTypes = { float32: 1, uint8: 2, int64: 7 };
/** AttributeProto.AttributeType */
const attributeTypes = { float: 1, integer: 2, integers: 7 };

function writeGraph(writer: BinaryWriter, { name, inputs, outputs, nodes, constants }: OnnxGraph): void {
  for (const node of nodes) message(writer, 1, () => writeNode(writer, node));
  text(writer, 2, name);
  for (const constant of constants) message(writer, 5, () => writeTensor(writer, constant));
  for (const input of inputs) message(writer, 11, () => writeValue(writer, input));
  for (const output of outputs) message(writer, 12, () => writeValue(writer, output));
}

function writeNode(writer: BinaryWriter, { operator, name, inputs, attributes = {} }: OnnxNode): void {
  for (const input of inputs) text(writer, 1, input);
  text(writer, 2, name);
  text(writer, 3, name);
  text(writer, 4, operator);
  for (const [key, value] of Object.entries(attributes))
    message(writer, 5, () => {
      text(writer, 1, key);
      writeAttribute(writer, value);
    });
}

function writeAttribute(writer: BinaryWriter, value: OnnxAttribute): void {
  if (typeof value === 'number') {
    integer(writer, 3, value);
    integer(writer, 20, attributeTypes.integer);
  } else if ('float' in value) {
    writer.tag(2, WireType.Bit32).float(value.float);
    integer(writer, 20, attributeTypes.float);
  } else {
    for (const one of value) integer(writer, 8, one);
    integer(writer, 20, attributeTypes.integers);
  }
}

function writeTensor(writer: BinaryWriter, { name, shape, values }: OnnxTensor): void {
  for (const side of shape) integer(writer, 1, side);
  integer(writer, 2, values instanceof Float32Array ? elementTypes.float32 : elementTypes.int64);
  text(writer, 8, name);
  const { buffer, byteOffset, byteLength } = values;
  writer.tag(9, WireType.LengthDelimited).bytes(new Uint8Array(buffer, byteOffset, byteLength));
}

function writeValue(writer: BinaryWriter, { name, type, shape }: OnnxValue): void {
  text(writer, 1, name);
  // TypeProto → Tensor → TensorShapeProto → Dimension
  message(writer, 2, () =>
    message(writer, 1, () => {
      integer(writer, 1, elementTypes[type]);
      message(writer, 2, () => {
        for (const side of shape)
          message(writer, 1, () => (typeof side === 'number' ? integer(writer, 1, side) : text(writer, 2, side)));
      });
    }),
  );
}

function message(writer: BinaryWriter, field: number, write: () => void): void {
  writer.tag(field, WireType.LengthDelimited).fork();
  write();
  writer.join();
}

function text(writer: BinaryWriter, field: number, value: string): void {
  writer.tag(field, WireType.LengthDelimited).string(value);
}

function integer(writer: BinaryWriter, field: number, value: number): void {
  writer.tag(field, WireType.Varint).int64(value);
}
