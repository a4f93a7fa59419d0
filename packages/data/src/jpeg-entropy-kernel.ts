/** The WebAssembly module that decodes the entropy-coded data of JPEGs. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

interface Constant {
  readonly value: number;
}

/** Exports of `assembly/jpeg-entropy.ts`; numbers are addresses in its memory, except for counts. */
export interface EntropyKernel {
  memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  heapStart: Constant;
  huffmanTableBytes: Constant;
  arithmeticBytes: Constant;
  skimWorkspaceBytes: Constant;
  unfinished: Constant;
  leftBytes: Constant;
  /** A boolean. */
  isOutOfStep: Constant;
  buildTable(lengths: number, table: number): number;
  startScan(scan: number, dataFrom: number, dataTo: number): void;
  decodeRows(count: number): number;
  currentRow(): number;
  defineSkimTable(slot: number, definition: number): void;
  endsWithLastMcu(
    from: number,
    to: number,
    mcus: number,
    blocks: number,
    blockCount: number,
    workspace: number,
  ): number;
}

/** Part of JavaScript, but of neither TypeScript's `ES2023` nor node's types. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { exports: unknown };
};

let compiled: object | undefined;

/** Creates an instance, which holds the state and memory of one file. */
export function createEntropyKernel(): EntropyKernel {
  compiled ??= new WebAssembly.Module(readFileSync(createRequire(import.meta.url).resolve('#jpeg-entropy')));
  return new WebAssembly.Instance(compiled).exports as EntropyKernel;
}
