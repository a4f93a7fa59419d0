/**
 * Encodes events for TensorBoard as protocol buffers. Field numbers and types are those of event.proto, summary.proto and
 * histogram.proto (https://github.com/tensorflow/tensorboard, Apache-2.0).
 */
import { BinaryWriter } from '@bufbuild/protobuf/wire';
import type { PngPicture } from '@chorus/data';
import { bytes, double, doubles, float, integer, message, text } from '@chorus/models/protobuf';
import type { WeightHistogram } from '@chorus/training';

/** A value of a step; TensorBoard shows the values with the same tag together. */
export type SummaryValue = { tag: string } & (
  | { scalar: number }
  | { histogram: Omit<WeightHistogram, 'name'> }
  | { picture: PngPicture }
);

/** Milliseconds since the Unix epoch, and the number of the step or epoch. */
export interface EventTime {
  atMs: number;
  step: number;
}

/** The event that a file starts with. */
export function fileVersionEvent(atMs: number): Uint8Array {
  return encode({ atMs, step: 0 }, (writer) => text(writer, 3, 'brain.Event:2'));
}

/** The event after which TensorBoard ignores all earlier values of a run from its step on. */
export function sessionStartEvent(time: EventTime): Uint8Array {
  return encode(time, (writer) => message(writer, 7, () => integer(writer, 1, sessionStart)));
}

export function summaryEvent(time: EventTime, values: readonly SummaryValue[]): Uint8Array {
  return encode(time, (writer) =>
    message(writer, 5, () => {
      for (const value of values) message(writer, 1, () => writeValue(writer, value));
    }),
  );
}

// --- internal ---

/** SessionLog.SessionStatus */
const sessionStart = 1;
/** Summary.Image.colorspace */
const rgb = 3;

function encode({ atMs, step }: EventTime, write: (writer: BinaryWriter) => void): Uint8Array {
  const writer = new BinaryWriter();
  double(writer, 1, atMs / 1000);
  integer(writer, 2, step);
  write(writer);
  return writer.finish();
}

function writeValue(writer: BinaryWriter, value: SummaryValue): void {
  text(writer, 1, value.tag);
  if ('scalar' in value) float(writer, 2, value.scalar);
  else if ('histogram' in value) message(writer, 5, () => writeHistogram(writer, value.histogram));
  else message(writer, 4, () => writePicture(writer, value.picture));
}

function writePicture(writer: BinaryWriter, { bytes: png, width, height }: PngPicture): void {
  integer(writer, 1, height);
  integer(writer, 2, width);
  integer(writer, 3, rgb);
  bytes(writer, 4, png);
}

function writeHistogram(
  writer: BinaryWriter,
  { minimum, maximum, sum, squareSum, counts }: Omit<WeightHistogram, 'name'>,
): void {
  double(writer, 1, minimum);
  double(writer, 2, maximum);
  double(
    writer,
    3,
    counts.reduce((total, count) => total + count, 0),
  );
  double(writer, 4, sum);
  double(writer, 5, squareSum);
  // The upper end of each bucket.
  doubles(
    writer,
    6,
    counts.map((_, index) => minimum + ((index + 1) * (maximum - minimum)) / counts.length),
  );
  doubles(writer, 7, counts);
}
