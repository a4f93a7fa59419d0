import { types } from 'node:util';
import { expect } from 'vitest';

// Typed arrays of the same bytes are equal. vitest looks at one number after the other, which takes seconds for a
// model's weights; it still does where bytes differ, for its message and for zeros of both signs.
expect.addEqualityTesters([
  (one: unknown, other: unknown) =>
    types.isTypedArray(one) &&
    types.isTypedArray(other) &&
    one.constructor === other.constructor &&
    Buffer.compare(bytesOf(one), bytesOf(other)) === 0
      ? true
      : undefined,
]);

function bytesOf({ buffer, byteOffset, byteLength }: NodeJS.TypedArray): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
