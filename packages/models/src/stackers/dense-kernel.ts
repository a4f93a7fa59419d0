/** The WebAssembly of the dense stacker's network. */
import module from '#dense-module';

/** What `assembly/dense.ts` exports; numbers are addresses in its memory, unless they count. */
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

/** Of JavaScript itself, but neither in TypeScript's `ES2023` nor in node's types. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { exports: unknown };
};

let compiled: object | undefined;

/** A new instance; its memory goes with it. */
export function createDenseKernel(): DenseKernel {
  compiled ??= new WebAssembly.Module(Uint8Array.from(atob(module), (character) => character.charCodeAt(0)));
  return new WebAssembly.Instance(compiled).exports as DenseKernel;
}
