import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { nativeCall } from './native-calls.ts';

it('a process that exits waits for the native call of one thread, and lets no other thread start one', () => {
  const fixture = fileURLToPath(new URL('exit-during-two-calls.fixture.mjs', import.meta.url));
  expect(spawnSync(process.execPath, [fixture], { encoding: 'utf8' })).toMatchObject({
    ...{ status: 7, signal: null, stdout: 'first ended\n', stderr: '' },
  });
});

it('nativeCall passes on results and errors', () => {
  expect(nativeCall(() => 3)).toBe(3);
  expect(() =>
    nativeCall(() => {
      throw new Error('refused');
    }),
  ).toThrow('refused');
});
