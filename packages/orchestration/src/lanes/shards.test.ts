import type { BackboneSpec } from '@chorus/models';
import { forwardBatchSize } from '@chorus/training';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runOnLanes } from './schedule.ts';
import { atLeastShards, shardsOf } from './shards.ts';

const xception: BackboneSpec = { family: 'xception', inputSize: 299 };
const mobilenetV2: BackboneSpec = { family: 'mobilenet-v2', inputSize: 224 };
const mobilenet: BackboneSpec = { family: 'mobilenet', inputSize: 224 };

describe('shardsOf', () => {
  it('covers every image once, in order, in whole batches', () => {
    fc.assert(
      fc.property(
        fc.nat(20_000),
        fc.constantFrom(xception, mobilenet),
        fc.constantFrom(1, 2, 6, 12, 14),
        (imageCount, backbone, viewsPerImage) => {
          const shards = shardsOf(imageCount, backbone, viewsPerImage);
          let position = 0;
          for (const { range, cost } of shards) {
            expect(range.start).toBe(position);
            expect(range.end).toBeGreaterThan(range.start);
            expect((range.start * viewsPerImage) % forwardBatchSize).toBe(0);
            expect(cost).toBeGreaterThan(0);
            position = range.end;
          }
          expect(position).toBe(imageCount);
        },
      ),
    );
  });

  it('has fewer images per shard with further rows of each image, at the same cost', () => {
    const [plain] = shardsOf(10_000, mobilenet, 2);
    const [withCopies] = shardsOf(10_000, mobilenet, 2, { copies: 8 });
    expect(withCopies!.range.end).toBe(64);
    expect(plain!.range.end).toBe(336);
    expect(withCopies!.cost / plain!.cost).toBeCloseTo(1, 1);
  });

  it('has fewer images per shard for a costlier backbone', () => {
    const lengthOf = (backbone: BackboneSpec) => shardsOf(10_000, backbone, 1)[0]!.range.end;
    expect(lengthOf(xception)).toBe(2 * forwardBatchSize);
    expect(lengthOf(mobilenet)).toBeGreaterThan(10 * forwardBatchSize);
  });
});

it('a number of shards can be asked for, and changes no batch', () => {
  const lengthsOf = (count: number, imageCount: number) =>
    atLeastShards(count, imageCount, mobilenet, 2).map(({ range }) => range.end - range.start);
  expect(lengthsOf(1, 200)).toEqual([200]);
  expect(lengthsOf(4, 200)).toEqual([48, 48, 48, 48, 8]);
  expect(lengthsOf(4, 20)).toEqual([16, 4]);
  expect(lengthsOf(4, 20_000)).toEqual(shardsOf(20_000, mobilenet, 2).map(({ range }) => range.end - range.start));
});

describe('shards of three unlike members on two lanes', () => {
  it('keep the lanes working at least 95 % of the time, also with the heads and uneven durations', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.double({ min: 0.7, max: 1.4, noNaN: true }), { minLength: 300, maxLength: 300 }),
        async (noise) => {
          const tasks = [xception, mobilenetV2, mobilenet].flatMap((backbone, member) => {
            const shards = shardsOf(2000, backbone, 2).map((shard) => ({ cost: shard.cost, group: String(member) }));
            return { shards, member };
          });
          const all: { cost: number; group?: string; member: number }[] = tasks.flatMap(({ shards, member }) =>
            shards.map((shard) => ({ ...shard, member })),
          );
          const shardIndices = (member: number) => [...all.keys()].filter((index) => all[index]!.member === member);
          const heads = tasks.flatMap(({ member }) =>
            Array.from({ length: 5 }, () => ({ task: all.length, cost: 1600, after: shardIndices(member) })),
          );
          const scheduled = [...all.map(({ cost, group }) => ({ task: 0, cost, group })), ...heads].map(
            (one, index) => ({ ...one, task: index }),
          );
          // Costs per second as on two cores, a head in 2 s.
          const secondsOf = (index: number) =>
            (index < all.length ? scheduled[index]!.cost / 6e6 : 2) * noise[index % noise.length]!;
          const clock = new SimulatedTime();
          const busy = [0, 0];
          await clock.run(
            runOnLanes([0, 1], scheduled, async (lane, index) => {
              busy[lane]! += secondsOf(index);
              await clock.sleep(secondsOf(index));
            }),
          );
          expect((busy[0]! + busy[1]!) / (2 * clock.seconds)).toBeGreaterThan(0.95);
        },
      ),
      { numRuns: 20 },
    );
  });
});

/** Sleeps that end in the order of their times, without waiting. */
class SimulatedTime {
  seconds = 0;
  readonly #sleeping: { until: number; wake: () => void }[] = [];

  sleep(seconds: number): Promise<void> {
    return new Promise((wake) => {
      this.#sleeping.push({ until: this.seconds + seconds, wake });
    });
  }

  async run(work: Promise<unknown>): Promise<void> {
    let isDone = false;
    const done = work.finally(() => {
      isDone = true;
    });
    for (;;) {
      // Everything that is due at this time runs first.
      await new Promise(setImmediate);
      if (isDone) break;
      this.#sleeping.sort((a, b) => a.until - b.until);
      const { until, wake } = this.#sleeping.shift()!;
      this.seconds = until;
      wake();
    }
    await done;
  }
}
