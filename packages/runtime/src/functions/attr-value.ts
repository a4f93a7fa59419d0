/** Encodes tfjs's op attributes as AttrValues (attr_value.proto and tensor.proto of tensorflow/core/framework, TensorFlow 2.21). */
import { bytesHeader, float, integer, message, packedFloats, packedIntegers, text } from '../protobuf.ts';
import type { Binding, OpAttribute } from '../tensorflow.ts';

/** The typed arrays in which tfjs stores numbers. */
export type Numbers = Float32Array | Int32Array | Uint8Array;

/** @throws Error for a type of attribute that tfjs's kernels do not use. */
export function attrValue(binding: Binding, { name, type, value }: OpAttribute): Uint8Array {
  if (Array.isArray(value)) return Uint8Array.from(listValue(binding, type, name, value as readonly number[]));
  switch (type) {
    case binding.TF_ATTR_STRING:
      return Uint8Array.from(text(2, value as string));
    case binding.TF_ATTR_INT:
      return Uint8Array.from(integer(3, value as number));
    case binding.TF_ATTR_FLOAT:
      return Uint8Array.from(float(4, value as number));
    case binding.TF_ATTR_BOOL:
      return Uint8Array.from(integer(5, value === true ? 1 : 0));
    case binding.TF_ATTR_TYPE:
      return typeValue(value as number);
    default:
      throw unknownKind(name, type);
  }
}

export function typeValue(dtype: number): Uint8Array {
  return Uint8Array.from(integer(6, dtype));
}

export function shapeValue(shape: readonly number[]): Uint8Array {
  return Uint8Array.from(message(7, shapeProto(shape)));
}

/** Encodes a constant; if all values are equal, the value is written once. */
export function tensorValue(dtype: number, shape: readonly number[], values: Numbers): Uint8Array {
  const start = [...integer(1, dtype), ...message(2, shapeProto(shape))];
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const first = values[0];
  // −0 equals 0 but must be preserved.
  if (values.length > 1 && values.every((value) => Object.is(value, first)))
    return Uint8Array.from(message(8, [...start, ...filling(dtype, first!)]));
  const header = [...start, ...bytesHeader(4, bytes.length)]; // tensor_content
  return Buffer.concat([Buffer.from([...bytesHeader(8, header.length + bytes.length), ...header]), bytes]);
}

// --- internal ---

/** DT_FLOAT and DT_BOOL in types.proto. */
const float32 = 1;
const bool = 10;

function listValue(binding: Binding, type: number, name: string, values: readonly number[]): number[] {
  switch (type) {
    case binding.TF_ATTR_INT:
      return message(1, packedIntegers(3, values));
    case binding.TF_ATTR_FLOAT:
      return message(1, packedFloats(4, values));
    case binding.TF_ATTR_BOOL:
      return message(1, packedIntegers(5, values.map(Number)));
    case binding.TF_ATTR_SHAPE:
      return message(7, shapeProto(values));
    default:
      throw unknownKind(name, type);
  }
}

function shapeProto(shape: readonly number[]): number[] {
  return shape.flatMap((side) => message(2, integer(1, side)));
}

/** Encodes float_val, bool_val, or int_val, which all integer types but int64 share. */
function filling(dtype: number, value: number): number[] {
  if (dtype === float32) return packedFloats(5, [value]);
  return packedIntegers(dtype === bool ? 11 : 7, [value]);
}

function unknownKind(name: string, type: number): Error {
  return new Error(`attribute ${name} has the unknown type ${type}`);
}
