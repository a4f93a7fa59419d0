import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { vendoredFolder } from '../native/vendored.ts';
import { callerLine } from './caller-line.ts';
import { program } from './program.fixture.ts';

const own = new URL('./trace.ts', import.meta.url).pathname;

function lineOf(...frames: string[]): string {
  const error = new Error('some words\n    at /in/the/message.js:1:1');
  error.stack = `Error: some words\n${frames.map((frame) => `    at ${frame}`).join('\n')}`;
  return callerLine(error);
}

describe('the caller’s line', () => {
  it.each<[string, string[], string]>([
    ['a named function', ['step (/user/train.js:10:3)'], '/user/train.js:10:3'],
    ['an anonymous function', ['/user/train.js:10:3'], '/user/train.js:10:3'],
    ['a function in a module', ['step (file:///user/train.js:10:3)'], '/user/train.js:10:3'],
    ['an anonymous function in a module', ['file:///user/train.js:10:3'], '/user/train.js:10:3'],
    ['a method', ['Model.step [as call] (/user/train.js:10:3)'], '/user/train.js:10:3'],
    [
      'a path with spaces and parentheses',
      ['step (/user/my (old) files/train.js:10:3)'],
      '/user/my (old) files/train.js:10:3',
    ],
    [
      'an anonymous function at such a path',
      ['/user/my (old) files/train.js:10:3'],
      '/user/my (old) files/train.js:10:3',
    ],
    ['code after an await in a module', ['async file:///user/train.js:10:3'], '/user/train.js:10:3'],
    ['an async function', ['async step (/user/train.js:10:3)'], '/user/train.js:10:3'],
  ])('is that of %s', (_, frames, expected) => {
    expect(lineOf(...frames)).toBe(expected);
  });

  it('is the first one outside tfjs, node and this package', () => {
    const frames = [
      `Tracer.read (${own}:3:4)`,
      `NodeJSKernelBackend.read (${join(vendoredFolder, 'dist/nodejs_kernel_backend.js')}:3:4)`,
      'Engine.runKernel (/app/node_modules/@tensorflow/tfjs-core/dist/engine.js:1:2)',
      'add_ (/app/node_modules/.pnpm/@tensorflow+tfjs-core@4.22.0/node_modules/@tensorflow/tfjs-core/dist/add.js:1:2)',
      'Array.map (<anonymous>)',
      'process (node:internal/process:1:2)',
      'first (/user/train.js:10:3)',
      'second (/user/train.js:20:3)',
    ];
    expect(lineOf(...frames)).toBe('/user/train.js:10:3');
  });

  it('is unknown if the stack has none', () => {
    expect(lineOf('Array.map (<anonymous>)')).toBe('an unknown line');
    expect(callerLine(Object.assign(new Error(), { stack: undefined }))).toBe('an unknown line');
  });

  it('is that of a real call', () => {
    let line = '';
    program('() => {\n\n  note();\n  return [];\n}', { note: () => (line = callerLine()) })();
    expect(line).toMatch(/^\/user\/program\.js:3:\d+$/);
  });
});
