import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  applyEvent,
  type Epoch,
  initialTrainingState,
  maxMessages,
  memberStatus,
  type TrainingEvent,
  type TrainingState,
} from './index.ts';

type Event = TrainingEvent extends infer One ? (One extends TrainingEvent ? Omit<One, 'atMs'> : never) : never;

/** The state after events, one per millisecond from 1. */
function after(...events: Event[]): TrainingState {
  return events.reduce(
    (state, event, index) => applyEvent(state, { ...event, atMs: index + 1 } as TrainingEvent),
    initialTrainingState(0),
  );
}

const start: Event = {
  ...{ kind: 'start', devices: ['cpu:0', 'cpu:1'], lanesReason: 'named', demo: false },
  tasks: [
    { name: 'a/features', member: 'a', kind: 'features' },
    { name: 'a', member: 'a', kind: 'training' },
    { name: 'b', member: 'b', kind: 'training' },
  ],
};
const epoch = (epochIndex: number, loss: number): Event => ({
  ...{ kind: 'epoch', task: 'b' },
  epoch: {
    ...{ stage: 'head', epochIndex, startedAtMs: 0, finishedAtMs: 1, best: true },
    ...{ loss, tuneLoss: 1, tuneAccuracy: 1, learningRate: 1 },
  } satisfies Epoch,
});
const running = (task: string, device: string): Event => ({ kind: 'task', task, state: { state: 'running', device } });
const done = (task: string, device: string): Event => ({
  ...{ kind: 'task', task },
  state: { state: 'done', device, seconds: 2 },
});

describe('the state of a training', () => {
  it('has members with their tasks, and lanes with their spans', () => {
    const state = after(
      start,
      running('a/features', 'cpu:0'),
      running('a/features', 'cpu:0 and cpu:1'),
      done('a/features', 'cpu:0 and cpu:1'),
      running('b', 'cpu:1'),
      { kind: 'activity', task: 'b', activity: 'head' },
    );
    expect(state.lanes).toEqual([
      { device: 'cpu:0', spans: [{ task: 'a/features', fromMs: 2, toMs: 4 }] },
      {
        device: 'cpu:1',
        spans: [
          { task: 'a/features', fromMs: 3, toMs: 4 },
          { task: 'b', fromMs: 5, toMs: null },
        ],
      },
    ]);
    expect(state.members.map(({ tasks }) => tasks.map(({ status }) => status))).toEqual([
      ['done', 'waiting'],
      ['running'],
    ]);
    expect(state.members.map(memberStatus)).toEqual(['running', 'running']);
    expect(state.members[1]!.tasks[0]).toMatchObject({ device: 'cpu:1', activity: 'head' });
  });

  it('keeps the epochs of a run that is resumed, up to those that it repeats', () => {
    const before = after(start, running('b', 'cpu:0'), epoch(0, 4), epoch(1, 3), epoch(2, 2));
    const resumed = applyEvent(initialTrainingState(10, before), { ...start, atMs: 11 } as TrainingEvent);
    const lossesOf = ({ members }: TrainingState) =>
      members[1]!.tasks[0]!.epochs.map(({ epochIndex, loss }) => [epochIndex, loss]);
    expect(lossesOf(resumed)).toEqual([
      [0, 4],
      [1, 3],
      [2, 2],
    ]);
    expect(resumed).toMatchObject({ status: 'running', end: null });
    expect(memberStatus(resumed.members[1]!)).toBe('waiting');
    expect(lossesOf(applyEvent(resumed, { ...epoch(1, 1), atMs: 12 } as TrainingEvent))).toEqual([
      [0, 4],
      [1, 1],
    ]);
  });

  it('closes spans and running tasks at the end, whatever it was', () => {
    const state = after(
      start,
      running('b', 'cpu:0'),
      { kind: 'stopping' },
      {
        ...{ kind: 'end', end: { outcome: 'stopped', message: 'Stopped.', canResume: true } },
      },
    );
    expect(state).toMatchObject({ status: 'stopped', end: { canResume: true } });
    expect(state.lanes[0]!.spans).toEqual([{ task: 'b', fromMs: 2, toMs: 4 }]);
    expect(state.members.map(memberStatus)).toEqual(['waiting', 'waiting']);
  });

  it('says that a member has failed when one of its tasks has, and why', () => {
    const failed: Event = { kind: 'task', task: 'a', state: { state: 'failed', reason: 'loss is NaN', bug: null } };
    const state = after(start, done('a/features', 'cpu:0'), running('a', 'cpu:0'), failed);
    expect(memberStatus(state.members[0]!)).toBe('failed');
    expect(state.members[0]!.tasks[1]).toMatchObject({ reason: 'loss is NaN', device: 'cpu:0' });
  });

  it('is bounded, and ignores tasks that are not planned', () => {
    const notices = Array.from(
      { length: maxMessages + 50 },
      (_, index): Event => ({ kind: 'notice', text: `${index}` }),
    );
    const state = after(start, ...notices, running('predict', 'cpu:0'));
    expect(state.notices).toHaveLength(maxMessages);
    expect(state.notices[0]).toBe('50');
    expect(state.members).toEqual(after(start).members);
  });

  it('does not change the state before', () => {
    const before = after(start, running('b', 'cpu:0'));
    const copy = structuredClone(before);
    applyEvent(before, { ...epoch(0, 1), atMs: 9 } as TrainingEvent);
    applyEvent(before, { ...done('b', 'cpu:0'), atMs: 9 } as TrainingEvent);
    expect(before).toEqual(copy);
  });
});

it('needs nothing but its own files, so that a page can import it', () => {
  const folder = new URL('../../dist/protocol/', import.meta.url);
  const sources = readdirSync(folder).filter((name) => name.endsWith('.js'));
  expect(sources).toContain('index.js');
  for (const name of sources)
    for (const [, path] of readFileSync(new URL(name, folder), 'utf8').matchAll(/from '([^']+)'/g))
      expect(path).toMatch(/^\.\//);
});
