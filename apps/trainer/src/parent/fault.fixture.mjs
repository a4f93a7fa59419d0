/**
 * Preloaded into every thread and process of a command (`NODE_OPTIONS=--import`): injects a fault into the lane that reports a batch of a task.
 *
 * `CHORUS_TEST_FAULT` is JSON: `kind`, the fault; `task` and `epochIndex`, where it happens; `times`, how often; `marks`, a folder with an
 * entry for each time that it has happened, in any process.
 */
import { mkdtempSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isMainThread, MessagePort } from 'node:worker_threads';

const fault = JSON.parse(process.env.CHORUS_TEST_FAULT ?? 'null');

/** Ends the thread or process, or keeps it for ever. */
const faults = {
  spin() {
    for (;;);
  },
  wait: () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0),
  exit: () => process.exit(0),
  throw() {
    throw new RangeError('an injected error');
  },
  heap() {
    for (const kept = []; ; ) kept.push(new Array(100_000).fill(kept.length));
  },
};

function inject() {
  const count = readdirSync(fault.marks).length;
  if (count >= fault.times) return;
  mkdtempSync(join(fault.marks, 'mark-'));
  if (fault.kind.startsWith('SIG')) {
    process.kill(process.pid, fault.kind);
    faults.wait();
  }
  faults[fault.kind]();
}

function onBatch(task, progress) {
  if (task === fault.task && progress.epochIndex === fault.epochIndex) inject();
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

// Fills the heap of the command's main thread once the task runs, slowly enough for heartbeats in between.
if (fault?.kind === 'main heap' && isMainThread && process.send !== undefined) {
  const send = process.send.bind(process);
  let kept;
  process.send = (message, ...rest) => {
    if (
      kept === undefined &&
      message.lanes?.some(({ task }) => task === fault.task) &&
      readdirSync(fault.marks).length < fault.times
    ) {
      mkdtempSync(join(fault.marks, 'mark-'));
      kept = [];
      setInterval(() => kept.push(new Array(250_000).fill(kept.length)), 30);
    }
    return send(message, ...rest);
  };
}
