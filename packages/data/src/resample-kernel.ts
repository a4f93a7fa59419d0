/** The compiled WebAssembly module for resampling. */
import module from '#resample-module';

/** Exports of `assembly/resample.ts`; numbers are addresses and bytes in its memory, except for counts. */
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

/** Part of JavaScript, but of neither TypeScript's `ES2023` nor node's types. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { exports: unknown };
};

const bytes = Uint8Array.from(atob(module), (character) => character.charCodeAt(0));
/** One instance per thread: its memory holds nothing between calls. */
export const kernel: Kernel = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports as Kernel;
