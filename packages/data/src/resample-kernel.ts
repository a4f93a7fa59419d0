/** The WebAssembly that resamples, compiled and ready. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/** What `assembly/resample.ts` exports: numbers are addresses and bytes in its memory, unless they count. */
export interface Kernel {
  memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  weightBits: { readonly value: number };
  lowerBits: { readonly value: number };
  alongLines(
    lines: number,
    lineBytes: number,
    lineCount: number,
    result: number,
    size: number,
    taps: number,
    tapBytes: number,
  ): void;
  acrossLines(lines: number, lineBytes: number, result: number, tap: number): void;
}

/** Of JavaScript itself, but neither in TypeScript's `ES2023` nor in node's types. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { exports: unknown };
};

// The compiled module, the same one from `src` (tests) and from `dist`.
const modulePath = createRequire(import.meta.url).resolve('#resample');
/** One for a thread: nothing in its memory is needed from one call to the next. */
export const kernel: Kernel = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(modulePath)))
  .exports as Kernel;
