import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { exposeObserver, wrapObserver } from './observer-port.ts';
import type { EpochDetails, EpochMetrics, LaneObserver } from './protocol.ts';

const epoch: EpochMetrics = {
  task: 'one/fold-1',
  member: 'one',
  fold: { kind: 'fold', index: 0 },
  device: 'cpu:0',
  stage: 'head',
  epochIndex: 0,
  startedAtMs: 1,
  trainedUntilMs: 2,
  finishedAtMs: 3,
  stepCount: 4,
  loss: 0.5,
  tuneLoss: 0.25,
  tuneAccuracy: 1,
  learningRate: 1e-3,
  best: true,
  compiled: null,
};
const progress = { stage: 'head', epochIndex: 0, stepIndex: 3, stepCount: 4, loss: 0.5, learningRate: 1e-3 } as const;
const details: EpochDetails = {
  weights: [{ name: 'head/bias', minimum: 1, maximum: 1, sum: 2, squareSum: 2, counts: [2] }],
  confusion: [
    [1, 0],
    [1, 2],
  ],
  augmented: { size: 1, rowCount: 1, columns: [Uint8Array.of(1, 2, 3)] },
};

/** Both ends of a port, and the calls received so far. */
function connected() {
  const calls: unknown[][] = [];
  const record =
    (name: keyof LaneObserver) =>
    (...args: unknown[]) =>
      void calls.push([name, ...args]);
  const main = exposeObserver({
    onStage: record('onStage'),
    onBatch: record('onBatch'),
    onEpoch: record('onEpoch'),
    onWarning: record('onWarning'),
    onContinue: record('onContinue'),
  });
  return { calls, main, lane: wrapObserver(main.port) };
}

describe("a lane's observer", () => {
  it('forwards calls in order, with all arguments; flush waits for all of them', async () => {
    const { calls, main, lane } = connected();
    lane.observer.onStage('one', 'head');
    for (let step = 0; step < 100; step += 1) lane.observer.onBatch('one', { ...progress, stepIndex: step });
    lane.observer.onEpoch(epoch, details);
    lane.observer.onWarning('one', 'a warning');
    // Calls do not wait, so none has arrived yet.
    expect(calls).toEqual([]);
    await lane.flush('one');
    expect(calls).toEqual([
      ['onStage', 'one', 'head'],
      ...Array.from({ length: 100 }, (_, stepIndex) => ['onBatch', 'one', { ...progress, stepIndex }]),
      ['onEpoch', epoch, details],
      ['onWarning', 'one', 'a warning'],
      ['onStage', 'one', 'done'],
    ]);
    lane.close();
    main.close();
  });

  it("forwards nothing after the lane's end was closed", async () => {
    const { calls, main, lane } = connected();
    await lane.flush('one');
    lane.close();
    expect(() => lane.observer.onStage('one', 'head')).toThrow(/released/);
    await once(main.port, 'close');
    expect(calls).toEqual([['onStage', 'one', 'done']]);
    main.close();
  });

  it("closes the port with the main thread's end", async () => {
    const { calls, main, lane } = connected();
    const closed = once(main.port, 'close');
    main.close();
    await closed;
    lane.observer.onStage('one', 'head');
    expect(calls).toEqual([]);
    lane.close();
  });

  it("flush fails with the main thread's error", async () => {
    const fail = () => {
      throw new RangeError('of the main thread');
    };
    const nothing = () => {};
    const main = exposeObserver({
      onStage: fail,
      onBatch: nothing,
      onEpoch: nothing,
      onWarning: nothing,
      onContinue: nothing,
    });
    const lane = wrapObserver(main.port);
    await expect(lane.flush('one')).rejects.toThrow('of the main thread');
    lane.close();
    main.close();
  });
});
