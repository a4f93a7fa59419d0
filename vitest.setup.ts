import { existsSync } from 'node:fs';
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

// Tests that need a browser are skipped where there is none, but not because of a wrong path.
for (const name of ['CHORUS_CHROMIUM', 'CHORUS_FIREFOX']) {
  const path = process.env[name];
  if (path !== undefined && !existsSync(path))
    throw new Error(
      `${name}: expected the path of a browser, but nothing is at "${path}"; correct it, or unset it to skip the tests.`,
    );
}

function bytesOf({ buffer, byteOffset, byteLength }: NodeJS.TypedArray): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
