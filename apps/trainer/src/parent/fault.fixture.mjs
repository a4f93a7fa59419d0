/**
 * Preloaded into every thread and process of a command (`NODE_OPTIONS=--import`): injects a fault into the lane that reports a batch of a task.
 *
 * `CHORUS_TEST_FAULT` is JSON: `kind`, the fault, or a list of them that take turns; `task` and `epochIndex`, where it happens, or `during`,
 * the kind of the tasks during which it happens in the main thread; `times`, how often; `marks`, a folder with an entry for each time that it
 * has happened, in any process.
 */
import { mkdtempSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { getHeapStatistics } from 'node:v8';
import { isMainThread, MessagePort } from 'node:worker_threads';

const fault = JSON.parse(process.env.CHORUS_TEST_FAULT ?? 'null');

/** Ends the thread or process, or keeps it for ever. */
const faults = {
  // An endless loop that pauses: several of them run beside each other for seconds.
  spin() {
    for (;;) wait(20);
  },
  wait,
  exit: () => process.exit(0),
  throw() {
    throw new RangeError('an injected error');
  },
  heap() {
    for (const kept = []; ; ) kept.push(filledArray());
  },
};

function wait(timeoutMs) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, timeoutMs);
}

function filledArray() {
  return new Array(100_000).fill(1);
}

function inject() {
  const count = readdirSync(fault.marks).length;
  if (count >= fault.times) return;
  mkdtempSync(join(fault.marks, 'mark-'));
  const kinds = [fault.kind].flat();
  const kind = kinds[count % kinds.length];
  if (kind.startsWith('SIG')) {
    process.kill(process.pid, kind);
    faults.wait();
  }
  faults[kind]();
}

function onBatch(task, progress) {
  if (fault.during === undefined && task === fault.task && progress.epochIndex === fault.epochIndex) inject();
}

if (fault !== null && !isMainThread) {
  const { postMessage } = MessagePort.prototype;
  MessagePort.prototype.postMessage = function post(message, ...rest) {
    postMessage.call(this, message, ...rest);
    // A call of the observer by Comlink.
    if (message?.path?.[0] === 'onBatch') onBatch(...message.argumentList.map(({ value }) => value));
  };
}

// Of an isolated lane.
if (fault !== null && isMainThread && process.send !== undefined) {
  const send = process.send.bind(process);
  process.send = (message, ...rest) => {
    const isSent = send(message, ...rest);
    if (message.kind === 'event' && message.name === 'onBatch') onBatch(...message.values);
    return isSent;
  };
}

if (fault?.during !== undefined && isMainThread && process.send !== undefined) {
  const send = process.send.bind(process);
  process.send = (message, onSent) =>
    send(message, (error) => {
      onSent?.(error);
      if (message.lanes?.some(({ kind }) => kind === fault.during)) inject();
    });
}

// Fills the heap of the command's main thread once the task runs: half of it before a heartbeat, and the rest after that.
if (fault?.kind === 'main heap' && isMainThread && process.send !== undefined) {
  const send = process.send.bind(process);
  const kept = [];
  process.send = (message, onSent) => {
    const runs = message.lanes?.some(({ task }) => task === fault.task);
    if (runs && kept.length === 0 && readdirSync(fault.marks).length < fault.times) {
      mkdtempSync(join(fault.marks, 'mark-'));
      while (heapShare() < 0.6) kept.push(filledArray());
    } else if (message.heapShare > 0.5) {
      onSent = faults.heap;
    }
    return send(message, onSent);
  };
}

function heapShare() {
  const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
  return used / limit;
}
