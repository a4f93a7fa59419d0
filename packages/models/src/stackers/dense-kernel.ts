/** The dense stacker's network in WebAssembly. */
import module from '#dense-module';

/** Exports of `assembly/dense.ts`; numbers are addresses in its memory, except counts and `share`. */
export interface DenseKernel {
  memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  heapStart: { readonly value: number };
  forward(
    input: number,
    inputCount: number,
    weights: number,
    hidden: number,
    outputs: number,
    outputCount: number,
  ): void;
  addGradient(
    input: number,
    inputCount: number,
    weights: number,
    hidden: number,
    slopes: number,
    outputCount: number,
    gradient: number,
    share: number,
  ): void;
}

/** Part of every JavaScript runtime, but neither in TypeScript's `ES2023` nor in the types of node. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { exports: unknown };
};

let compiled: object | undefined;

/** Creates an instance; its memory is freed with it. */
export function createDenseKernel(): DenseKernel {
  compiled ??= new WebAssembly.Module(Uint8Array.from(atob(module), (character) => character.charCodeAt(0)));
  return new WebAssembly.Instance(compiled).exports as DenseKernel;
}
