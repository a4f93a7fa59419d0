/**
 * Encodes an ONNX graph as a protocol buffer. Field numbers and types are those of onnx.proto
 * (https://github.com/onnx/onnx, Apache-2.0).
 */
import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { ModelError } from '../errors.ts';
import { bytes, float, integer, message, text } from '../protobuf.ts';
import type { OnnxAttribute, OnnxGraph, OnnxNode, OnnxTensor, OnnxValue } from './onnx-graph.ts';

/** Version of the operators. onnxruntime reads it since 1.14, onnxruntime-web too. */
export const opsetVersion = 17;

/** Protocol buffers end at 2^31 − 1 bytes; nodes, names and shapes take far less than the difference. */
const inlineLimit = 2_000_000_000;
/** Constants below this size stay in the model, as onnx itself keeps them. */
const externalMinimum = 1024;

/** A model whose weights may be in a second file. */
export interface OnnxFiles {
  /** Content of the `.onnx` file. */
  model: Uint8Array;
  /** Content of the data file, one piece after the other; empty if the model contains all weights. */
  data: readonly Uint8Array[];
}

/**
 * Encodes a graph as an ONNX model in one file.
 *
 * @returns content of an `.onnx` file.
 * @throws ModelError if its weights are too large for one file, of 2 GB; then use {@link modelFiles}.
 */
export function modelBytes(graph: OnnxGraph): Uint8Array {
  const bytes = constantBytes(graph);
  if (bytes > inlineLimit)
    throw new ModelError(
      `An ONNX file contains at most ${inlineLimit} bytes of weights, received ${bytes}; write the weights to a data file beside it.`,
    );
  return encode(graph, new Map());
}

/**
 * Encodes a graph as an ONNX model with a data file for its weights if one file cannot contain them.
 *
 * @param options `dataFile`: name of the data file, which must be in the model's folder; `maximumInlineBytes`: maximum size of
 * weights without a data file, by default just below the limit of 2 GB.
 * @example
 * const { model, data } = modelFiles(graph, { dataFile: 'ensemble.onnx.data' });
 */
export function modelFiles(
  graph: OnnxGraph,
  { dataFile, maximumInlineBytes = inlineLimit }: { dataFile: string; maximumInlineBytes?: number },
): OnnxFiles {
  if (constantBytes(graph) <= maximumInlineBytes) return { model: encode(graph, new Map()), data: [] };
  const places = new Map<OnnxTensor, ExternalPlace>();
  const data: Uint8Array[] = [];
  let offset = 0;
  for (const constant of graph.constants) {
    if (constant.values.byteLength < externalMinimum) continue;
    places.set(constant, { file: dataFile, offset });
    const padding = -constant.values.byteLength & (alignment - 1);
    data.push(bytesOf(constant), new Uint8Array(padding));
    offset += constant.values.byteLength + padding;
  }
  return { model: encode(graph, places), data };
}

// --- internal ---

/** Version of the file format that belongs to {@link opsetVersion}. */
const irVersion = 8;

/** Alignment of constants in the data file, in bytes: a cache line. */
const alignment = 64;

/** TensorProto.DataType */
const elementTypes = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7 };
/** TensorProto.DataLocation */
const external = 1;
/** AttributeProto.AttributeType */
const attributeTypes = { float: 1, integer: 2, integers: 7 };

interface ExternalPlace {
  file: string;
  offset: number;
}

function constantBytes({ constants }: OnnxGraph): number {
  return constants.reduce((sum, { values }) => sum + values.byteLength, 0);
}

function encode(graph: OnnxGraph, places: ReadonlyMap<OnnxTensor, ExternalPlace>): Uint8Array {
  const writer = new BinaryWriter();
  integer(writer, 1, irVersion);
  text(writer, 2, 'chorus');
  message(writer, 7, () => writeGraph(writer, graph, places));
  message(writer, 8, () => {
    text(writer, 1, '');
    integer(writer, 2, opsetVersion);
  });
  return writer.finish();
}

function writeGraph(
  writer: BinaryWriter,
  { name, inputs, outputs, nodes, constants }: OnnxGraph,
  places: ReadonlyMap<OnnxTensor, ExternalPlace>,
): void {
  for (const node of nodes) message(writer, 1, () => writeNode(writer, node));
  text(writer, 2, name);
  for (const constant of constants) message(writer, 5, () => writeTensor(writer, constant, places.get(constant)));
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
    float(writer, 2, value.float);
    integer(writer, 20, attributeTypes.float);
  } else {
    for (const one of value) integer(writer, 8, one);
    integer(writer, 20, attributeTypes.integers);
  }
}

function writeTensor(writer: BinaryWriter, tensor: OnnxTensor, place: ExternalPlace | undefined): void {
  const { name, shape, values } = tensor;
  for (const side of shape) integer(writer, 1, side);
  integer(writer, 2, elementTypes[elementTypeOf(values)]);
  text(writer, 8, name);
  if (place === undefined) {
    bytes(writer, 9, bytesOf(tensor));
    return;
  }
  const entries = { location: place.file, offset: place.offset, length: values.byteLength };
  for (const [key, value] of Object.entries(entries))
    message(writer, 13, () => {
      text(writer, 1, key);
      text(writer, 2, String(value));
    });
  integer(writer, 14, external);
}

function elementTypeOf(values: OnnxTensor['values']): keyof typeof elementTypes {
  if (values instanceof Float32Array) return 'float32';
  if (values instanceof Uint8Array) return 'uint8';
  if (values instanceof Int8Array) return 'int8';
  return values instanceof Int32Array ? 'int32' : 'int64';
}

/** Little-endian, as ONNX and all platforms of TensorFlow. */
function bytesOf({ values: { buffer, byteOffset, byteLength } }: OnnxTensor): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
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
