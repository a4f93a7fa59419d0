import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runOnLanes } from './schedule.ts';

describe('runOnLanes', () => {
  it('returns results in the order of the tasks, regardless of which finishes first', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ cost: fc.nat(9), fails: fc.boolean() }), { maxLength: 12 }),
        fc.integer({ min: 1, max: 4 }),
        fc.scheduler(),
        async (tasks, laneCount, scheduler) => {
          const done = runOnLanes(
            Array.from({ length: laneCount }, (_, lane) => lane),
            tasks.map((task, index) => ({ task: { ...task, index }, cost: task.cost })),
            async (_, task) => {
              await scheduler.schedule(Promise.resolve());
              if (task.fails) throw new Error(`task ${task.index}`);
              return task.index;
            },
          );
          await scheduler.waitFor(done);
          for (const [index, result] of (await done).entries())
            expect(result.status === 'fulfilled' ? result.value : (result.reason as Error).message).toBe(
              tasks[index]!.fails ? `task ${index}` : index,
            );
        },
      ),
    );
  });

  it('starts the longest first and runs one task at a time per lane', async () => {
    const started: string[] = [];
    const busy = new Set<string>();
    await runOnLanes(
      ['a', 'b'],
      [1, 5, 3, 4].map((cost) => ({ task: `cost ${cost}`, cost })),
      async (lane, task) => {
        expect(busy.has(lane)).toBe(false);
        busy.add(lane);
        started.push(task);
        await Promise.resolve();
        busy.delete(lane);
      },
    );
    expect(started).toEqual(['cost 5', 'cost 4', 'cost 3', 'cost 1']);
  });

  it('starts a task only after its predecessor has succeeded or failed', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({ cost: fc.nat(9), after: fc.option(fc.nat(11)), pin: fc.option(fc.nat(3)), fails: fc.boolean() }),
          { maxLength: 12 },
        ),
        fc.integer({ min: 1, max: 4 }),
        fc.scheduler(),
        async (tasks, laneCount, scheduler) => {
          const settled = new Set<number>();
          const done = runOnLanes(
            Array.from({ length: laneCount }, (_, lane) => lane),
            tasks.map(({ cost, after, pin }, index) => ({
              task: index,
              cost,
              pinnedTo: pin === null ? undefined : pin % laneCount,
              // An earlier task, so that no task waits for itself.
              after: after === null || after >= index ? undefined : [after],
            })),
            async (_, index) => {
              const { after } = tasks[index]!;
              if (after !== null && after < index) expect(settled.has(after)).toBe(true);
              await scheduler.schedule(Promise.resolve());
              settled.add(index);
              if (tasks[index]!.fails) throw new Error('fails');
            },
          );
          await scheduler.waitFor(done);
          expect((await done).map(({ status }) => status)).toEqual(
            tasks.map(({ fails }) => (fails ? 'rejected' : 'fulfilled')),
          );
        },
      ),
    );
  });

  it('keeps a lane at its group, and shares the last group among the lanes', async () => {
    const ran: [string, string][] = [];
    const shards = (group: string, count: number) =>
      Array.from({ length: count }, () => ({ task: group, cost: 1, group }));
    await runOnLanes(['a', 'b'], [...shards('small', 2), ...shards('large', 6)], async (lane, task) => {
      ran.push([lane, task]);
      await Promise.resolve();
    });
    const tasksOf = (lane: string) => ran.filter(([one]) => one === lane).map(([, task]) => task);
    expect(tasksOf('a')).toEqual(['large', 'large', 'large', 'large']);
    expect(tasksOf('b')).toEqual(['small', 'small', 'large', 'large']);
  });

  it('starts what only one lane can do before what several can share', async () => {
    const started: string[] = [];
    const shards = Array.from({ length: 6 }, () => ({ task: 'shard', cost: 5, group: 'a' }));
    await runOnLanes(
      ['a', 'b'],
      [...shards, { task: 'long', cost: 20 }, { task: 'longer', cost: 30 }],
      async (_, task) => {
        started.push(task);
        await Promise.resolve();
      },
    );
    expect(started.slice(0, 2)).toEqual(['longer', 'long']);
  });

  it('leaves its group for a task that costs more than is left of it', async () => {
    const started: string[] = [];
    const shard = (task: string) => ({ task, cost: 5, group: 'a' });
    const tasks = [shard('first'), shard('second'), shard('third'), { task: 'long', cost: 8, after: [0] }];
    await runOnLanes(['a'], tasks, async (_, task) => {
      started.push(task);
      await Promise.resolve();
    });
    expect(started).toEqual(['first', 'second', 'long', 'third']);
  });

  it('starts a task after all of its predecessors', async () => {
    const ran: string[] = [];
    await runOnLanes(
      ['a', 'b'],
      [
        { task: 'head', cost: 9, after: [1, 2] },
        { task: 'first', cost: 1 },
        { task: 'second', cost: 2 },
      ],
      async (_, task) => {
        await Promise.resolve();
        ran.push(task);
      },
    );
    expect(ran.at(-1)).toBe('head');
  });

  it('runs a task that has to be alone after those that can run together, and nothing beside it', async () => {
    const started: string[] = [];
    const running = new Set<string>();
    const task = (name: string, alone: boolean) => ({ task: name, cost: alone ? 9 : 1, alone });
    const tasks = [
      task('suspect', true),
      task('other suspect', true),
      task('a', false),
      task('b', false),
      task('c', false),
    ];
    await runOnLanes(['x', 'y'], [...tasks, { ...task('later', false), after: [0] }], async (_, name) => {
      started.push(name);
      running.add(name);
      if (name.includes('suspect')) expect([...running]).toEqual([name]);
      await new Promise(setImmediate);
      running.delete(name);
    });
    expect(started).toEqual(['a', 'b', 'c', 'suspect', 'later', 'other suspect']);
  });

  it('keeps pinned tasks on their lane', async () => {
    const ran: [string, number][] = [];
    await runOnLanes(
      [0, 1],
      [
        { task: 'first', cost: 1, pinnedTo: 1 },
        { task: 'second', cost: 2, pinnedTo: 1 },
        { task: 'third', cost: 3, pinnedTo: 0 },
      ],
      async (lane, task) => void ran.push([task, lane]),
    );
    expect(ran.toSorted()).toEqual([
      ['first', 1],
      ['second', 1],
      ['third', 0],
    ]);
  });

  it('refuses a task pinned to a lane that does not exist', async () => {
    await expect(runOnLanes([0], [{ task: 'lost', cost: 1, pinnedTo: 3 }], async () => 0)).rejects.toThrow(
      'do not exist',
    );
  });
});
