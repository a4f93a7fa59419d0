import type { MachineSpeed } from '../check/measure-speed.ts';
import type { Experiment } from '../experiment/schema.ts';
import { usesBfloat16 } from '../lanes/bfloat16.ts';
import type { LanePlan } from '../lanes/plan.ts';
import type { TimedMachine } from './estimate-time.ts';

/** The properties of the lanes that determine the time estimate of a run. */
export function timedMachine(
  { runtime }: Pick<Experiment, 'runtime'>,
  { lanes }: LanePlan,
  speed: MachineSpeed,
): TimedMachine {
  return {
    ...speed,
    laneCount: lanes.length,
    sharesProcessors: lanes.every(({ device }) => device.startsWith('cpu:')),
    bfloat16: lanes.every(({ device }) => usesBfloat16(runtime, device)),
  };
}
