import { backboneFamilies, backboneTable } from '@chorus/models';
import { trainingWays } from '../contestants/chorus-ways.ts';
import type { SoakTrial } from './soak-task.ts';

/** @param quick a tenth of everything, as a smoke test. */
export function soakTrials(quick: boolean): SoakTrial[] {
  const trials: SoakTrial[] = [
    ...backboneFamilies.flatMap((backbone) =>
      trainingWays.map((way) => ({
        name: `${backbone}, ${way}`,
        unit: 'step',
        task: { kind: 'steps', backbone, inputSize: backboneTable[backbone].minimumInputSize, way } as const,
        ...{ count: 1000, warmUpCount: 300, period: 10 },
      })),
    ),
    // Memory grows with the first threads and then levels off: measured after 50 to 60 lanes, also in a run of 250 lanes.
    { name: 'trainings', unit: 'training', task: { kind: 'trainings' }, count: 1000, warmUpCount: 40, period: 5 },
    { name: 'start and stop of a lane', unit: 'lane', task: { kind: 'lanes' }, count: 120, warmUpCount: 60, period: 1 },
  ];
  if (!quick) return trials;
  return trials.map((trial) => ({
    ...trial,
    count: Math.max(8, trial.count / 10),
    warmUpCount: trial.count < 1000 ? 1 : trial.warmUpCount / 10,
    period: 1,
  }));
}
