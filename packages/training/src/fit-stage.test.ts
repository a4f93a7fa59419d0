import { describe, expect, it } from 'vitest';
import { StoppedError } from './errors.ts';
import { fitStage, type LoopPlan, type Stage, type StageEpoch } from './fit-stage.ts';
import { learningRateAt } from './learning-rate.ts';
import { StopFlag } from './stop-flag.ts';

type ScriptedStage = Stage<{ steps: number; dispose(): void }>;

/** A stage whose "model" is the number of steps taken, with given losses on `tune`. */
function scripted(tuneLosses: number[], plan: Partial<LoopPlan> = {}, changes: Partial<ScriptedStage> = {}) {
  const model = { steps: 0, kept: -1, restarts: 0 };
  const held = { count: 0 };
  let evaluation = 0;
  const stage: ScriptedStage = {
    plan: {
      name: 'whole',
      learningRate: { kind: 'constant', value: 0.1 },
      augmentation: { kind: 'none' },
      batchSize: 4,
      wholeBatchesOnly: false,
      epochCount: 20,
      stopping: { keeps: 'best', patience: 2, startCounts: false },
      ...plan,
    },
    imagesOf: () => Uint32Array.from({ length: 10 }, (_, index) => index),
    seed: 1,
    size: 32,
    step(batch) {
      model.steps += 1;
      return batch.indices.length;
    },
    evaluate: async () => ({ loss: tuneLosses[evaluation++]!, accuracy: 0.5 }),
    keep() {
      model.kept = model.steps;
    },
    restore() {
      model.steps = model.kept;
    },
    restartOptimizer() {
      model.restarts += 1;
    },
    copy() {
      held.count += 1;
      return { steps: model.steps, dispose: () => (held.count -= 1) };
    },
    restoreMean(copies) {
      model.steps = copies.reduce((sum, { steps }) => sum + steps, 0) / copies.length;
    },
    ...changes,
  };
  return { stage, model, held };
}

async function run(stage: ScriptedStage, stop = new StopFlag()) {
  const epochs: StageEpoch[] = [];
  const batches: [number, number][] = [];
  const { soup, retry, stepCount } = await fitStage(stage, stop, {
    onBatch: ({ stepIndex, stepCount }) => batches.push([stepIndex, stepCount]),
    onEpoch: (epoch) => epochs.push(epoch),
  });
  return { epochs, batches, soup, retry, stepCount };
}

describe('fitStage', () => {
  it('stops when the loss on tune has not improved for `patience` epochs, and restores the best weights', async () => {
    const { stage, model } = scripted([3, 1, 2, 2]);
    const { epochs } = await run(stage);
    expect(epochs.map(({ best }) => best)).toEqual([true, true, false, false]);
    // Three steps per epoch; the second epoch was the best.
    expect(model.steps).toBe(6);
  });

  it('passes each step its learning rate, with a schedule as long as `epochCount` even if it stops early', async () => {
    const schedule = { kind: 'cosine', value: 1, warmUp: 0.25, endFactor: 0.1 } as const;
    const rates: number[] = [];
    const { stage } = scripted([3, 1, 2, 2], { learningRate: schedule, epochCount: 8 });
    const { step } = stage;
    stage.step = (batch, learningRate) => {
      rates.push(learningRate);
      return step(batch, learningRate);
    };
    const { epochs } = await run(stage);
    const expected = Array.from({ length: 12 }, (_, step) =>
      learningRateAt(schedule, { epochIndex: Math.floor(step / 3), stepIndex: step % 3, epochCount: 8, stepCount: 3 }),
    );
    expect(rates).toEqual(expected);
    expect(epochs.map(({ learningRate }) => learningRate)).toEqual([2, 5, 8, 11].map((last) => rates[last]));
  });

  it('weights the last, smaller batch by its number of images', async () => {
    const { epochs, batches } = await run(scripted([1], { epochCount: 1 }).stage);
    expect(epochs[0]!.loss).toBeCloseTo((4 * 4 + 4 * 4 + 2 * 2) / 10, 12);
    expect(batches).toEqual([
      [0, 3],
      [1, 3],
      [2, 3],
    ]);
  });

  it('with the flaws, keeps the last epoch and leaves out incomplete batches', async () => {
    const { stage, model } = scripted([3, 1, 2, 2, 2], {
      epochCount: 5,
      stopping: { keeps: 'last' },
      wholeBatchesOnly: true,
    });
    const { epochs, batches } = await run(stage);
    expect(epochs.map(({ best }) => best)).toEqual([true, true, false, false, false]);
    expect(batches.slice(0, 3)).toEqual([
      [0, 2],
      [1, 2],
      [0, 2],
    ]);
    expect(model.steps).toBe(10);
    expect(epochs[0]!.loss).toBe(4);
  });

  it('with startCounts, may keep the initial weights as the best ones', async () => {
    const { stage, model } = scripted([1, 2, 2], { stopping: { keeps: 'best', patience: 2, startCounts: true } });
    await run(stage);
    expect(model.steps).toBe(0);
  });

  it('recalibrates BatchNorm before each evaluation', async () => {
    const order: string[] = [];
    const { stage } = scripted([1, 1], { epochCount: 1 }, { recalibrate: () => order.push('recalibrate') });
    const { evaluate } = stage;
    stage.evaluate = () => {
      order.push('evaluate');
      return evaluate();
    };
    await run(stage);
    expect(order).toEqual(['recalibrate', 'evaluate']);
  });

  it('evaluates and keeps the averages, and trains the weights', async () => {
    const order: string[] = [];
    const { stage } = scripted([3, 2], { epochCount: 2, batchSize: 10 }, { swapAverages: () => order.push('swap') });
    const { step, evaluate } = stage;
    stage.step = (batch, rate) => {
      order.push('step');
      return step(batch, rate);
    };
    stage.evaluate = () => {
      order.push('evaluate');
      return evaluate();
    };
    stage.recalibrate = () => order.push('recalibrate');
    stage.keep = () => order.push('keep');
    stage.restore = () => order.push('restore');
    await run(stage);
    const epoch = ['step', 'swap', 'recalibrate', 'evaluate', 'keep'];
    expect(order).toEqual(['keep', ...epoch, 'swap', ...epoch, 'restore']);
  });

  describe('with a soup', () => {
    const soup = { keeps: 'soup', mostEpochs: 3, patience: 9, startCounts: false } as const;

    it('keeps the greedy average of the best epochs, and says which they are', async () => {
      // Losses of five epochs, then of averages: of epochs 3 and 1, and of these and epoch 4.
      const { stage, model, held } = scripted([9, 2, 4, 1, 3, 0.9, 0.95], { epochCount: 5, stopping: soup });
      const { soup: kept, epochs } = await run(stage);
      expect(kept).toEqual({ epochs: [3, 1], tuneLoss: 0.9 });
      expect(epochs.map(({ best }) => best)).toEqual([true, true, false, true, false]);
      expect(model.steps).toBe((12 + 6) / 2);
      expect(held.count).toBe(0);
    });

    it('may contain the initial weights if they count, and never increases the loss', async () => {
      const stopping = { ...soup, startCounts: true };
      const { stage, model } = scripted([1, 2, 3, 1.5, Number.NaN], { epochCount: 2, stopping });
      expect((await run(stage)).soup).toEqual({ epochs: [null], tuneLoss: 1 });
      expect(model.steps).toBe(0);
      const better = scripted([1, 2, 3, 1, 2], { epochCount: 2, stopping });
      expect((await run(better.stage)).soup).toEqual({ epochs: [null, 0], tuneLoss: 1 });
      expect(better.model.steps).toBe(1.5);
    });

    it('recalibrates BatchNorm for averages only', async () => {
      const seen: number[] = [];
      const { stage, model } = scripted([1, 2, 9], { epochCount: 2, stopping: soup });
      stage.recalibrate = () => seen.push(model.steps);
      await run(stage);
      // After each epoch, and of their rejected average.
      expect(seen).toEqual([3, 6, 4.5]);
    });

    it('holds no more epochs than planned, and none after a failure', async () => {
      const { stage, held } = scripted([5, 4, 3, 2, Number.NaN, Number.NaN], { stopping: soup });
      const counts: number[] = [];
      const { step } = stage;
      stage.step = (batch, rate) => {
        counts.push(held.count);
        return step(batch, rate);
      };
      await expect(run(stage)).rejects.toThrow('loss on tune became NaN');
      expect(Math.max(...counts)).toBe(3);
      expect(held.count).toBe(0);
    });
  });

  it('stops before the next batch', async () => {
    const stop = new StopFlag();
    const { stage, model } = scripted([]);
    const { step } = stage;
    stage.step = (batch, learningRate) => {
      if (model.steps === 1) stop.raise();
      return step(batch, learningRate);
    };
    await expect(run(stage, stop)).rejects.toThrow(StoppedError);
    expect(model.steps).toBe(2);
  });

  describe('45: a loss that is not finite', () => {
    /** A stage whose losses are not finite in some of its steps, counted over both attempts, and at the end of some epochs. */
    function breaking(broken: Record<number, number>, tuneLosses: number[], plan: Partial<LoopPlan> = {}) {
      const found = scripted(tuneLosses, { epochCount: 4, stopping: { keeps: 'last' }, ...plan });
      const { step } = found.stage;
      const rates: number[] = [];
      found.stage.step = (batch, learningRate) => {
        rates.push(learningRate);
        const loss = step(batch, learningRate);
        return broken[rates.length - 1] ?? loss;
      };
      return { ...found, rates };
    }

    it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
      '45: %d in a step: continues after the best epoch, with a new optimizer at a tenth of the rate',
      async (loss) => {
        // Three steps per epoch; epoch 1 is the best so far, and the second step of epoch 3 is broken.
        const { stage, model, rates } = breaking({ 10: loss }, [3, 1, 2, 0.5, 0.4]);
        const { epochs, retry, stepCount } = await run(stage);
        expect(retry).toEqual({
          ...{ stage: 'whole', epochIndex: 3, stepIndex: 1, loss: String(loss), learningRate: 0.1 },
          ...{ fromEpochIndex: 1, rateFactor: 0.1 },
        });
        expect(epochs.map(({ epochIndex, rateFactor }) => [epochIndex, rateFactor])).toEqual([
          ...[0, 1, 2].map((index) => [index, undefined]),
          ...[2, 3].map((index) => [index, 0.1]),
        ]);
        expect(rates.slice(0, 11)).toEqual(Array(11).fill(0.1));
        expect(rates.slice(11)).toEqual(Array(6).fill(0.1 * 0.1));
        expect(model).toEqual({ steps: 12, kept: 12, restarts: 1 });
        expect(stepCount).toBe(12);
      },
    );

    it('45: on tune: continues from the initial weights if no epoch was better', async () => {
      const { stage, model } = breaking({}, [2, Number.NaN, 1.5, 3, 4], {
        stopping: { keeps: 'best', patience: 2, startCounts: true },
      });
      const { epochs, retry } = await run(stage);
      expect(retry).toMatchObject({ epochIndex: 0, stepIndex: null, loss: 'NaN', fromEpochIndex: null });
      expect(epochs.map(({ epochIndex, best }) => [epochIndex, best])).toEqual([
        [0, true],
        [1, false],
        [2, false],
      ]);
      expect(model.steps).toBe(3);
    });

    it('45: leaves no epoch in a soup that is trained again', async () => {
      const stopping = { keeps: 'soup', mostEpochs: 4, patience: 9, startCounts: false } as const;
      // The epochs 0 and 1, epoch 2 twice, and averages, which are worse.
      const { stage, held } = breaking({ 9: Number.NaN }, [2, 1, 3, 4, 5, 9, 9, 9], { stopping });
      const { soup } = await run(stage);
      expect(soup).toEqual({ epochs: [1], tuneLoss: 1 });
      expect(held.count).toBe(0);
    });

    it('45: fails the second time, naming both', async () => {
      const { stage } = breaking({ 0: Number.NaN, 2: Number.POSITIVE_INFINITY }, []);
      await expect(run(stage)).rejects.toThrow(
        'the loss became Infinity in step 2 of epoch 1 of stage "whole" at learning rate 0.01, in the retry at a tenth of the planned rates; before, the loss became NaN in step 1 of epoch 1 of stage "whole" at learning rate 0.1. Try a lower rate',
      );
    });

    it('45: of the initial weights is not retried', async () => {
      const { stage, model } = breaking({}, [Number.NaN], {
        stopping: { keeps: 'best', patience: 1, startCounts: true },
      });
      await expect(run(stage)).rejects.toThrow(
        'the loss on tune is NaN before the first step of stage "whole"; its initial weights are unusable',
      );
      expect(model.steps).toBe(0);
    });
  });

  describe('with a limit', () => {
    /** Runs a stage whose steps take a second each; an epoch has three. */
    async function runUntil(seconds: number, plan: Partial<LoopPlan> = {}, needsEpoch = false, reportSeconds = 0) {
      let nowMs = 0;
      const { stage, model } = scripted([3, 2, 1, 0.5], { epochCount: 4, ...plan });
      const { step } = stage;
      stage.step = (...batch) => {
        nowMs += 1000;
        return step(...batch);
      };
      const events = {
        onBatch() {},
        onEpoch() {
          nowMs += 1000 * reportSeconds;
        },
      };
      const limit = { deadlineAtMs: 1000 * seconds, needsEpoch, now: () => nowMs };
      const { stepCount: _, retry: __, ...ended } = await fitStage(stage, new StopFlag(), events, { limit });
      return { ...ended, steps: model.steps, seconds: nowMs / 1000 };
    }
    const last: Partial<LoopPlan> = { stopping: { keeps: 'last' } };
    const soup: Partial<LoopPlan> = { stopping: { keeps: 'soup', mostEpochs: 3, patience: 9, startCounts: false } };

    it.each<[string, Parameters<typeof runUntil>, Awaited<ReturnType<typeof runUntil>>]>([
      ['is unchanged if it ends in time', [12], { epochCount: 4, isCut: false, steps: 12, seconds: 12 }],
      ['starts no epoch that would last too long', [8], { epochCount: 2, isCut: true, steps: 6, seconds: 6 }],
      ['drops an epoch in which the time passes', [1], { epochCount: 0, isCut: true, steps: 0, seconds: 2 }],
      ['runs a first epoch that it needs', [1, {}, true], { epochCount: 1, isCut: true, steps: 3, seconds: 3 }],
      [
        'counts the report of an epoch as no part of it',
        [8, {}, false, 2],
        { epochCount: 2, isCut: true, steps: 6, seconds: 10 },
      ],
      [
        'keeps a soup of the epochs in time',
        [8, soup],
        { epochCount: 2, isCut: true, soup: { epochs: [1, 0], tuneLoss: 1 }, steps: 4.5, seconds: 6 },
      ],
      ['ends an epoch if it keeps the last weights', [1, last], { epochCount: 1, isCut: true, steps: 3, seconds: 3 }],
    ])('%s', async (_, parameters, expected) => expect(await runUntil(...parameters)).toEqual(expected));
  });
});
