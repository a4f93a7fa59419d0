import { scoreProbabilities, scoreWithPauses } from '@chorus/evaluation';
import { StopFlag, StoppedError } from '@chorus/training';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { predictionsCsv } from '../report/predictions-csv.ts';
import { predictionsFile } from '../report/predictions-file.ts';
import { predictInSlices, Slices } from './slices.ts';

const table = fc.record({ rowCount: fc.nat(3000), classCount: fc.integer({ min: 2, max: 40 }), seed: fc.nat(1000) });

/** Rows of numbers from 0 to 1, with ties. */
function numbersOf(count: number, seed: number): Float32Array {
  return Float32Array.from({ length: count }, (_, index) => ((index * 7919 + seed) % 101) / 101);
}

const labelsOf = (rowCount: number, classCount: number) =>
  Int32Array.from({ length: rowCount }, (_, row) => row % classCount);
const classesOf = (classCount: number) => Array.from({ length: classCount }, (_, label) => `class, ${label}`);

describe('Slices', () => {
  it('cover every row once, in order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(5000), fc.nat(50_000), async (rowCount, numbersPerRow) => {
        let next = 0;
        await new Slices().forRows(rowCount, numbersPerRow, (firstRow, endRow) => {
          expect(firstRow).toBe(next);
          expect(endRow).toBeGreaterThan(firstRow);
          next = endRow;
        });
        expect(next).toBe(rowCount);
      }),
    );
  });

  it('let timers run while they work', async () => {
    const stop = new StopFlag();
    setTimeout(() => stop.raise(), 1);
    const work = new Slices(stop).forRows(1e9, 20_000, () => {
      numbersOf(1000, 1);
    });
    await expect(work).rejects.toThrow(StoppedError);
  });
});

describe('work in slices', () => {
  it('gives the same probabilities as a single call', async () => {
    await fc.assert(
      fc.asyncProperty(table, async ({ rowCount, classCount, seed }) => {
        const logits = [1, 2].map((member) => numbersOf(rowCount * classCount, seed + member));
        const sum = ([first, second]: Float32Array[]) => first!.map((value, index) => value + second![index]!);
        const found = await predictInSlices(logits, { rowCount, classCount }, sum, new Slices());
        expect(found).toEqual(sum(logits));
      }),
      { numRuns: 20 },
    );
  });

  it('gives the same scores as a single call', async () => {
    await fc.assert(
      fc.asyncProperty(table, async ({ rowCount, classCount, seed }) => {
        const probabilities = numbersOf(rowCount * classCount, seed);
        const known = [probabilities, labelsOf(rowCount, classCount), classesOf(classCount)] as const;
        const slices = new Slices();
        expect(await scoreWithPauses(...known, () => slices.pause())).toEqual(scoreProbabilities(...known));
      }),
      { numRuns: 20 },
    );
  });

  it('gives the same table as a single call', async () => {
    await fc.assert(
      fc.asyncProperty(table, async ({ rowCount, classCount, seed }) => {
        const paths = Array.from({ length: rowCount }, (_, row) => `a "${row}".jpg`);
        const columns = ['one', 'two'].map((name, index) => ({
          name,
          probabilities: numbersOf(rowCount * classCount, seed + index),
        }));
        const known = [paths, labelsOf(rowCount, classCount), classesOf(classCount), columns] as const;
        const bytes = await predictionsFile(...known, new Slices());
        expect(new TextDecoder().decode(bytes)).toBe(predictionsCsv(...known));
      }),
      { numRuns: 20 },
    );
  });

  it('stops on request', async () => {
    const stop = new StopFlag();
    stop.raise();
    const slices = new Slices(stop);
    const probabilities = numbersOf(20, 1);
    const known = [labelsOf(10, 2), classesOf(2)] as const;
    await expect(scoreWithPauses(probabilities, ...known, () => slices.pause())).rejects.toThrow(StoppedError);
    const paths = Array.from({ length: 10 }, String);
    const table = predictionsFile(paths, ...known, [{ name: 'one', probabilities }], slices);
    await expect(table).rejects.toThrow(StoppedError);
  });
});
