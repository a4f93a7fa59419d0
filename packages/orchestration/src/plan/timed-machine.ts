import type { MachineSpeed } from '../check/measure-speed.ts';
import type { Experiment } from '../experiment/schema.ts';
import { computeSettings } from '../lanes/compute-settings.ts';
import type { LanePlan } from '../lanes/plan.ts';
import type { TimedMachine } from './estimate-time.ts';

/** What the estimate of a run's time needs to know of its lanes. */
export function timedMachine(
  { runtime }: Pick<Experiment, 'runtime'>,
  { lanes }: LanePlan,
  speed: MachineSpeed,
): TimedMachine {
  return {
    ...speed,
    laneCount: lanes.length,
    sharesProcessors: lanes.every(({ device }) => device.startsWith('cpu:')),
    bfloat16: lanes.every(({ device }) => computeSettings(runtime, device).bfloat16),
  };
}
