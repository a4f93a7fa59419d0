import { join } from 'node:path';
import { prepareExperiment, type Report, train } from '@chorus/orchestration';
import type { Measurement } from '../measurement.ts';
import type { CaseResult, Row, RowOptions } from '../row.ts';
import { meanInterval } from '../student-t.ts';

/** Margin in percentage points for the 95 % interval of the difference. */
const guardPoints = 0.5;

/** The defaults of the recipe, except for fewer epochs. */
const [learningRate, epochCount] = [1e-5, 4];

/** Members of each case; `auto` trains Xception in bfloat16. */
const ensembles = {
  MobileNets: [
    { name: 'mobilenet-v2', backbone: 'mobilenet-v2', alpha: 1 },
    { name: 'mobilenet', backbone: 'mobilenet', alpha: 1 },
    { name: 'mobilenet-075', backbone: 'mobilenet', alpha: 0.75 },
  ],
  Xception: [
    { name: 'xception', backbone: 'xception' },
    { name: 'mobilenet-v2', backbone: 'mobilenet-v2', alpha: 1 },
  ],
} as const;
type Ensemble = keyof typeof ensembles;

const precisions = ['float32', 'bfloat16'] as const;
type Precision = (typeof precisions)[number];

export const precision: Row = {
  name: 'precision',
  title: 'accuracy of members trained in bfloat16 and in float32, with the same photographs and seeds',
  // A round is a seed: two whole runs.
  roundCount: { whole: 5, quick: 2 },
  minutes: { whole: 30, quick: 5 },
  onRequest: 'it trains on photographs: --data DIR, --weights DIR',
  async *measure(options) {
    for (const name of Object.keys(ensembles) as Ensemble[])
      if (options.case === undefined || name.includes(options.case)) yield await seeds(name, options);
  },
};

// --- internal ---

/** Accuracies of one run in percent, by classifier. */
type Accuracies = Record<string, number>;

async function seeds(ensemble: Ensemble, options: RowOptions): Promise<CaseResult> {
  const found: Record<Precision, Accuracies[]> = { float32: [], bfloat16: [] };
  let testCount = 0;
  for (let seed = 1; seed <= options.roundCount; seed += 1)
    for (const precision of precisions) {
      options.onProgress(`seed ${seed} of ${options.roundCount}: ${precision}`);
      const report = await run(
        join(options.folder, `${ensemble}-${precision}-${seed}`),
        { ensemble, seed, precision },
        options,
      );
      testCount = report.dataset.counts.test;
      found[precision].push(accuracies(report));
    }
  const names = Object.keys(found.float32[0]!);
  const of = (precision: Precision, name: string) => found[precision].map((one) => one[name]!);
  return {
    title: `${ensembles[ensemble].map(({ name }) => name).join(', ')}: every layer trained at ${learningRate} for up to ${epochCount} epochs, 128 px, tested on ${testCount} images; a sample is a seed`,
    contestants: {},
    measurements: precisions.flatMap((precision) =>
      names.map(
        (name): Measurement => ({ contestant: precision, quantity: name, unit: '%', samples: of(precision, name) }),
      ),
    ),
    comparisons: [],
    remarks: [
      'bfloat16 − float32, points, mean and 95 % interval over the seeds (Student):',
      ...names.map((name) => differenceWords(name, of('bfloat16', name), of('float32', name))),
    ],
  };
}

async function run(
  out: string,
  { ensemble, seed, precision }: { ensemble: Ensemble; seed: number; precision: Precision },
  { data, weights, quick }: RowOptions,
) {
  const { experiment } = await prepareExperiment({
    preset: 'auto',
    assignments: [
      `seed=${seed}`,
      `members=${JSON.stringify(ensembles[ensemble])}`,
      'inputSize=128',
      ...(quick ? ['data.limitPerClass=40'] : []),
      // All images except those for early stopping and stacking are divided about equally into training and test images.
      'split.test=0.5',
      'split.tune=0.05',
      'recipe.fineTune.lastLayers=all',
      `recipe.fineTune.learningRate=${learningRate}`,
      `recipe.fineTune.epochCount=${epochCount}`,
      'testTimeAugmentation=false',
      `runtime.precision=${precision}`,
    ],
    data: data ?? 'cats-and-dogs',
    weights,
    workers: undefined,
    base: process.env.INIT_CWD ?? process.cwd(),
    environment: process.env,
  });
  const { report } = await train(experiment, { out });
  return report;
}

function accuracies(report: Report): Accuracies {
  const members = report.members.map(({ name, test }) => [name, 100 * test!.accuracy] as const);
  const mean = members.reduce((sum, [, accuracy]) => sum + accuracy, 0) / members.length;
  const stacker = report.stackers.find(({ chosen }) => chosen)!;
  return { ...Object.fromEntries(members), 'mean of members': mean, ensemble: 100 * stacker.test.accuracy };
}

function differenceWords(name: string, own: readonly number[], other: readonly number[]): string {
  const { mean, low, high } = meanInterval(own.map((accuracy, index) => accuracy - other[index]!));
  const holds = low >= -guardPoints && high <= guardPoints;
  const words = [mean, low, high].map((points) => points.toFixed(2)) as [string, string, string];
  return `  ${name}: ${words[0]} (${words[1]} to ${words[2]}); within ±${guardPoints}: ${holds ? 'holds' : 'does not hold'}`;
}
