/** Which lanes a run gets: pure arithmetic over the experiment and what the machine has. */
import type { DeviceName, RuntimeOptions } from '@chorus/runtime';
import { ConfigError } from '../errors.ts';
import type { Experiment } from '../experiment/schema.ts';

/** Without a GPU even a machine of one core works on so many members side by side; more only cost memory. */
const fewestCpuLanes = 3;

/**
 * Pixels of a step's images up to which one thread for an op is faster than several, which wait for each other: of
 * MobileNetV2 on two cores 32 images of 64 px take 52 ms with one and 59 with two, 2 of 32 px take 11 and 26; 32 of 96 px take
 * 102 and 98. Ops side by side use the other core.
 */
const fewPixels = 32 * 64 ** 2;

/** What the plan needs to know of the machine. */
export interface Machine {
  /** Processors this process may use. */
  processorCount: number;
  /** GPUs that TensorFlow can use, such as `gpu:0`. */
  gpus: readonly DeviceName[];
}

/** What the plan needs of an experiment. */
export interface LaneWishes {
  workers: Experiment['workers'];
  runtime: Pick<Experiment['runtime'], 'logicalCpuDevices' | 'intraOpThreads'>;
  members: readonly { name: string; worker?: number | undefined }[];
  /** Pixels of the images of one training step; undefined where nothing is trained. */
  stepPixels?: number;
}

export interface LanePlan {
  /** One per lane; everything but the device is process-wide and equal in all of them. */
  lanes: RuntimeOptions[];
  /** Why these lanes, in words for the user. */
  reason: string;
}

/**
 * Plans the lanes of a run.
 *
 * `auto` takes every GPU; without one it takes a logical CPU device per member, with a share of the threads each: a
 * training step has stretches that use one core only, and another lane fills them. On two cores three lanes of one thread took 0.82
 * of the time of one lane with two threads (three MobileNets, 128 px, two runs each in turn: 26.8 and 27.3 s, 32.3 and
 * 33.4 s).
 *
 * @throws ConfigError when a device is not there, listing those that are.
 */
export function planLanes(experiment: LaneWishes, machine: Machine): LanePlan {
  const { devices, limits, reason } = chooseDevices(experiment, machine);
  const cpuCount = devices.filter((device) => device.startsWith('cpu:')).length;
  const needed = 1 + Math.max(0, ...devices.filter((device) => device.startsWith('cpu:')).map(deviceIndex));
  const logicalCpuDevices = experiment.runtime.logicalCpuDevices ?? needed;
  const available = [...Array.from({ length: logicalCpuDevices }, (_, index) => `cpu:${index}`), ...machine.gpus];
  const missing = devices.find((device) => !available.includes(device));
  if (missing !== undefined)
    throw new ConfigError(
      `There is no device ${missing}; this machine has ${available.join(', ')}.${
        missing.startsWith('cpu:')
          ? ` Raise runtime.logicalCpuDevices (now ${logicalCpuDevices}) for more CPU devices.`
          : ''
      }`,
    );
  const outOfRange = experiment.members.find((member) => (member.worker ?? 0) >= devices.length);
  if (outOfRange !== undefined)
    throw new ConfigError(
      `Member ${outOfRange.name} is pinned to worker ${outOfRange.worker}, but there are workers 0 to ${devices.length - 1} (${devices.join(', ')}).`,
    );
  const intraOpThreads =
    experiment.runtime.intraOpThreads ?? threadsOfAnOp(machine.processorCount, cpuCount, experiment.stepPixels);
  return {
    lanes: devices.map((device) => ({ device, logicalCpuDevices, intraOpThreads, gpuMemoryLimitsMiB: limits })),
    reason,
  };
}

/**
 * Threads that an op of one CPU lane uses: an equal share of the processors, as a lane runs two ops at a time and so fills the
 * gaps of others, and what they leave when they are done.
 *
 * @param stepPixels see {@link LaneWishes}.
 */
export function threadsOfAnOp(
  processorCount: number,
  laneCount: number,
  stepPixels = Number.POSITIVE_INFINITY,
): number {
  return stepPixels <= fewPixels ? 1 : Math.ceil(processorCount / Math.max(1, laneCount));
}

// --- internal ---

function chooseDevices(
  { workers, members, runtime }: LaneWishes,
  machine: Machine,
): { devices: DeviceName[]; limits: (number | null)[]; reason: string } {
  if (workers !== 'auto') {
    const limitOf = new Map(workers.map((worker) => [worker.device, worker.memoryLimitMiB ?? null]));
    const limits = machine.gpus.map((gpu) => limitOf.get(gpu) ?? null);
    return {
      devices: workers.map((worker) => worker.device),
      limits: limits.some((limit) => limit !== null) ? limits : [],
      reason: 'as named',
    };
  }
  if (machine.gpus.length > 0) return { devices: [...machine.gpus], limits: [], reason: 'a lane per GPU' };
  const most = runtime.logicalCpuDevices ?? Math.max(fewestCpuLanes, machine.processorCount);
  const laneCount = Math.min(members.length, most);
  return {
    devices: Array.from({ length: laneCount }, (_, index) => `cpu:${index}` as const),
    limits: [],
    reason: `no GPU: logical CPU devices that share ${machine.processorCount} processors`,
  };
}

function deviceIndex(device: string): number {
  return Number(device.slice(device.indexOf(':') + 1));
}
