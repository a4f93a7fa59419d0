/** Writes fields of a protocol buffer by their numbers, without a schema: of ONNX models, and of logs for TensorBoard. */
import { type BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

/** @param write writes the fields of the message. */
export function message(writer: BinaryWriter, field: number, write: () => void): void {
  writer.tag(field, WireType.LengthDelimited).fork();
  write();
  writer.join();
}

export function text(writer: BinaryWriter, field: number, value: string): void {
  writer.tag(field, WireType.LengthDelimited).string(value);
}

export function bytes(writer: BinaryWriter, field: number, value: Uint8Array): void {
  writer.tag(field, WireType.LengthDelimited).bytes(value);
}

/** A whole number of at most 2^53, or an enum's number. */
export function integer(writer: BinaryWriter, field: number, value: number): void {
  writer.tag(field, WireType.Varint).int64(value);
}

export function float(writer: BinaryWriter, field: number, value: number): void {
  writer.tag(field, WireType.Bit32).float(value);
}

export function double(writer: BinaryWriter, field: number, value: number): void {
  writer.tag(field, WireType.Bit64).double(value);
}

/** A repeated field, packed. */
export function doubles(writer: BinaryWriter, field: number, values: Iterable<number>): void {
  message(writer, field, () => {
    for (const value of values) writer.double(value);
  });
}
