import { expect, it } from 'vitest';
import { exposeObserver, wrapObserver } from './observer-port.ts';
import type { LaneObserver } from './protocol.ts';

it('calls arrive in their order, all of them before flush resolves', async () => {
  const calls: unknown[][] = [];
  const record =
    (name: string) =>
    (...args: unknown[]): void =>
      void calls.push([name, ...args]);
  const exposed: LaneObserver = {
    onStage: record('onStage'),
    onBatch: record('onBatch'),
    onEpoch: record('onEpoch'),
    onWarning: record('onWarning'),
  };
  const { port, close } = exposeObserver(exposed);
  const lane = wrapObserver(port);
  const progress = { stage: 'head' as const, epochIndex: 0, stepIndex: 1, stepCount: 2 };
  lane.observer.onStage('one', 'head');
  lane.observer.onBatch('one', progress);
  lane.observer.onWarning('one', 'text');
  await lane.flush('one');
  lane.close();
  close();
  expect(calls).toEqual([
    ['onStage', 'one', 'head'],
    ['onBatch', 'one', progress],
    ['onWarning', 'one', 'text'],
    ['onStage', 'one', 'done'],
  ]);
});
