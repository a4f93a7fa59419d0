/** The process of an isolated lane. */
import { killWithParent } from '@chorus/runtime';
import type { LaneObserver, LaneTask } from '@chorus/training';
import { laneRunner } from '@chorus/training/lane-runner';
import { outcomeOf } from '@chorus/training/outcome';
import { heapShare } from '../supervise/heap-share.ts';
import { killAtLast } from '../supervise/last-resort.ts';
import { stopSignals } from '../supervise/stop-signals.ts';
import type { FromLaneProcess, SharedPlace, ToLaneProcess } from './lane-messages.ts';
import { sharedMemory, withMemory } from './mapped-values.ts';

// A terminal signals all processes of a command; the other process then raises the stop flag.
for (const signal of stopSignals) process.on(signal, () => {});

// A resumed run must not find a lane of the earlier process that still trains.
if (!killWithParent()) killAtLast(0);
process.on('disconnect', () => process.exit());

let run: ReturnType<typeof laneRunner> | undefined;

process.on('message', async (message: ToLaneProcess) => {
  if (message.kind === 'start') {
    const { startup, stop, progress } = message;
    run = laneRunner({ ...startup, stop: writable(stop), progress: writable(progress) });
    return;
  }
  const outcome = await outcomeOf(() =>
    run!(withMemory(message.task) as LaneTask, {
      observer,
      onStart: () => send({ kind: 'started', atMs: Date.now() }),
    }),
  );
  send({ kind: 'outcome', outcome });
});

const observer: LaneObserver = {
  onStage: (...values) => report('onStage', values),
  onBatch: (...values) => report('onBatch', values),
  onEpoch: (...values) => report('onEpoch', values),
  onWarning: (...values) => report('onWarning', values),
  onContinue: (...values) => report('onContinue', values),
};

function report(name: keyof LaneObserver, values: unknown[]): void {
  send({ kind: 'event', name, values, heapShare: heapShare() });
}

function send(message: FromLaneProcess): void {
  // The other process may just have ended.
  if (process.connected) process.send!(message, () => {});
}

function writable({ path, byteLength }: SharedPlace): SharedArrayBuffer {
  return sharedMemory(path, byteLength, { isWritable: true });
}
