/** How far a lane is in its task, in shared memory: the main thread reads it even while the lane is inside a native call. */

/** Progress of a task; durations in milliseconds. */
export interface LaneProgress {
  /** Number of batches, and of other steps between them, since the lane was created. */
  count: number;
  /** Whether the next batch may take long, because something is built, compiled, read or written before it. */
  isPreparing: boolean;
  /** Median duration of the task's last batches, and the longest time that one has taken, with the preparation before it. */
  medianMs: number;
  longestMs: number;
}

/** Int32 cells of a lane. */
const cells = { count: 0, isPreparing: 1, medianMs: 2, longestMs: 3 } as const;

/** Number of batches that the median is of. */
const recentCount = 101;

/** Memory for the progress of a lane. */
export function sharedProgress(): SharedArrayBuffer {
  return new SharedArrayBuffer(Object.keys(cells).length * Int32Array.BYTES_PER_ELEMENT);
}

/** Call it before a lane receives a task: its thread may have to start first. */
export function expectTask(shared: SharedArrayBuffer): void {
  const numbers = new Int32Array(shared);
  Atomics.store(numbers, cells.isPreparing, 1);
  Atomics.store(numbers, cells.medianMs, 0);
  Atomics.store(numbers, cells.longestMs, 0);
}

/** Reads the progress of a lane. */
export function readProgress(shared: SharedArrayBuffer): LaneProgress {
  const numbers = new Int32Array(shared);
  const read = (cell: keyof typeof cells) => Atomics.load(numbers, cells[cell]);
  return {
    count: read('count'),
    isPreparing: read('isPreparing') === 1,
    medianMs: read('medianMs'),
    longestMs: read('longestMs'),
  };
}

// A thread runs one lane. Its progress belongs to the thread, like its device, so that loops over batches need not be given it.
let numbers: Int32Array | undefined;
let recentMs: number[] = [];
let lastAtMs = 0;

/** Has this thread count its progress in the memory of its lane. Threads that are not lanes count nothing. */
export function countProgressIn(shared: SharedArrayBuffer): void {
  numbers = new Int32Array(shared);
}

/** Call it in the thread when a task starts. */
export function startTask(): void {
  if (numbers === undefined) return;
  recentMs = [];
  lastAtMs = performance.now();
  prepareBatch();
}

/** Call it before what may take much longer than a batch. */
export function prepareBatch(): void {
  if (numbers === undefined) return;
  Atomics.store(numbers, cells.isPreparing, 1);
  Atomics.add(numbers, cells.count, 1);
}

/** Call it after each batch. */
export function countBatch(): void {
  if (numbers === undefined) return;
  const nowMs = performance.now();
  recentMs.push(nowMs - lastAtMs);
  if (recentMs.length > recentCount) recentMs.shift();
  lastAtMs = nowMs;
  const sorted = recentMs.toSorted((a, b) => a - b);
  const longestMs = Math.max(Atomics.load(numbers, cells.longestMs), Math.ceil(recentMs.at(-1)!));
  Atomics.store(numbers, cells.medianMs, Math.ceil(sorted[Math.floor(sorted.length / 2)]!));
  Atomics.store(numbers, cells.longestMs, longestMs);
  Atomics.store(numbers, cells.isPreparing, 0);
  Atomics.add(numbers, cells.count, 1);
}
