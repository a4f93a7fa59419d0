/** Prints the resident set in bytes before and after freed memory is returned. Run with --expose-gc, after a build. */
import { releaseFreeMemory } from '../dist/index.js';

// Small enough for the heap of the C library; the last one keeps the heap from shrinking by itself.
const blocks = Array.from({ length: 2000 }, () => Buffer.alloc(100_000, 1));
const last = blocks.at(-1);
blocks.length = 0;
// The second call waits for memory that the first one frees in a background thread.
for (const _ of [1, 2]) globalThis.gc();
const before = process.memoryUsage.rss();
releaseFreeMemory();
console.log(JSON.stringify({ before, after: process.memoryUsage.rss(), kept: last.length }));
