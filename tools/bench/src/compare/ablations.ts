/** What an ablation changes in the preset `cpu`, one part at a time. */
import { type Experiment, type ExperimentInput, prepareExperiment } from '@chorus/orchestration';

export interface Ablation {
  name: string;
  title: string;
  changes: Partial<ExperimentInput>;
}

/** The preset itself comes first. */
export async function ablationsOfPreset(): Promise<readonly Ablation[]> {
  return [{ name: 'preset', title: 'the preset cpu', changes: {} }, ...withoutOne(await cpuPreset()), ...withOne];
}

/** The preset as `chorus train` completes it; each draw has its own images. */
export async function cpuPreset(): Promise<Experiment> {
  const { experiment } = await prepareExperiment({ preset: 'cpu', data: 'shapes', base: '/', environment: {} });
  return experiment;
}

// --- internal ---

/** Parts that are on by default, each off. */
function withoutOne({ members, stackers }: Experiment): readonly Ablation[] {
  return [
    ...members.map(({ name }) => ({
      name: `without-${name}`,
      title: `without the member ${name}`,
      changes: { members: members.filter((member) => member.name !== name) },
    })),
    {
      name: 'no-views',
      title: 'without test-time augmentation',
      changes: { testTimeAugmentation: false },
    },
    {
      name: 'no-flips',
      title: 'without flipped training images',
      ...recipe({ augmentation: 'none' }),
    },
    {
      name: 'no-features',
      title: 'without the stacker features',
      changes: { stackers: { kinds: stackers.kinds.filter((kind) => kind !== 'features') } },
    },
    {
      name: 'features-and-mean',
      title: 'only the stackers features and mean',
      // `features` alone is refused.
      changes: { stackers: { kinds: ['mean', 'features'] } },
    },
    ...(['logistic', 'mean'] as const).map((kind) => ({
      name: `only-${kind}`,
      title: `no choice: only the stacker ${kind}`,
      changes: { stackers: { kinds: [kind] } },
    })),
    { name: 'no-calibration', title: 'without calibration', changes: { calibration: 'none' } },
    { name: 'one-fold', title: 'one fold of a tenth instead of five', changes: { stacking: { kind: 'holdout' } } },
    {
      name: 'no-refit',
      title: "the folds' models instead of refitted ones",
      changes: { stacking: { kind: 'kfold', folds: 5, members: 'average' } },
    },
  ];
}

/** Parts that are off by default, each on. */
const withOne: readonly Ablation[] = [
  { name: 'dropout', title: 'with dropout of 0.2', ...recipe({ dropout: 0.2 }) },
  { name: 'label-smoothing', title: 'with label smoothing of 0.1', ...recipe({ labelSmoothing: 0.1 }) },
  { name: 'averages', title: 'with averages of weights (0.99)', ...recipe({ head: { emaMomentum: 0.99 } }) },
  { name: 'soup', title: 'with a soup of three epochs', ...recipe({ head: { soup: 3 } }) },
  { name: 'weight-decay', title: 'with weight decay of 0.01', ...recipe({ head: { weightDecay: 0.01 } }) },
  { name: 'cosine', title: 'with a cosine schedule', ...recipe({ head: { schedule: { kind: 'cosine' } } }) },
];

/** The config file replaces nothing else of the preset's recipe. */
function recipe(changes: ExperimentInput['recipe']): Pick<Ablation, 'changes'> {
  return { changes: { recipe: changes } };
}
