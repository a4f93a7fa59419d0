/** The WebAssembly that decodes the entropy-coded data of JPEGs. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

interface Constant {
  readonly value: number;
}

/** What `assembly/jpeg-entropy.ts` exports; numbers are addresses in its memory, unless they count. */
export interface EntropyKernel {
  memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  heapStart: Constant;
  huffmanTableBytes: Constant;
  arithmeticBytes: Constant;
  unfinished: Constant;
  leftBytes: Constant;
  /** A boolean. */
  isOutOfStep: Constant;
  buildTable(lengths: number, table: number): number;
  startScan(scan: number, dataFrom: number, dataTo: number): void;
  decodeRows(count: number): number;
  currentRow(): number;
  defineSkimTable(slot: number, definition: number): void;
  endsWithLastMcu(from: number, to: number, mcus: number, blocks: number, blockCount: number): number;
}

/** Of JavaScript itself, but neither in TypeScript's `ES2023` nor in node's types. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { exports: unknown };
};

let compiled: object | undefined;

/** A new instance: it keeps what it has decoded of a file, and its memory goes with it. */
export function createEntropyKernel(): EntropyKernel {
  compiled ??= new WebAssembly.Module(readFileSync(createRequire(import.meta.url).resolve('#jpeg-entropy')));
  return new WebAssembly.Instance(compiled).exports as EntropyKernel;
}
