/** Which lanes a run gets: pure arithmetic over the experiment and what the machine has. */
import type { DeviceName, RuntimeOptions } from '@chorus/runtime';
import { ConfigError } from '../errors.ts';
import type { Experiment } from '../experiment/schema.ts';

/** Without a GPU even a machine of one core works on so many members side by side; more only cost memory. */
const fewestCpuLanes = 2;

/**
 * Pixels of a step's images up to which one thread for an op is faster than several, which wait for each other. One lane:
 * of MobileNetV2 on two cores 32 images of 64 px take 52 ms with one and 59 with two, 2 of 32 px take 11 and 26; 32 of 96 px
 * take 102 and 98. Ops side by side use the other core.
 */
const fewPixels = 32 * 64 ** 2;
/**
 * The same of several lanes, which use each other's processors: two lanes of MobileNets on two cores took 0.88 of the time with
 * one thread in place of two at 96 px, 0.97 at 128, 1.04 at 160 (batches of 32, runs in turn).
 */
const fewPixelsOfSeveral = 32 * 128 ** 2;

/** What the plan needs to know of the machine. */
export interface Machine {
  /** Processors this process may use. */
  processorCount: number;
  /** GPUs that TensorFlow can use, such as `gpu:0`. */
  gpus: readonly DeviceName[];
}

/** What the plan needs of an experiment. */
export interface LanePlanRequest {
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
 * `auto` takes every GPU; without one it takes logical CPU devices, as many as there are members or processors, whichever
 * are fewer, but at least two: a training step has stretches that use one core only, and another lane fills them. On two cores
 * (runs in turn) two lanes of two threads took 0.77 of the time of one such lane and 0.94 of that of three (three MobileNets,
 * 160 px, the last 30 layers; 41.8, 54 and 44.2 s), 0.97 and 0.94 with the article's three at 160 px (64, 66 and 68 s).
 *
 * @throws ConfigError when a device is not there, listing those that are.
 */
export function planLanes(experiment: LanePlanRequest, machine: Machine): LanePlan {
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
 * Threads that an op of one CPU lane uses: twice an equal share of the processors, at most all. Lanes with an equal share left
 * processors idle when others waited or were done: two lanes of two threads took 0.87 of the time of two of one thread
 * (the article's three on two cores: 62 and 72 s, a run each).
 *
 * @param stepPixels see {@link LanePlanRequest}.
 */
export function threadsOfAnOp(
  processorCount: number,
  laneCount: number,
  stepPixels = Number.POSITIVE_INFINITY,
): number {
  if (stepPixels <= (laneCount > 1 ? fewPixelsOfSeveral : fewPixels)) return 1;
  return Math.min(processorCount, Math.ceil((2 * processorCount) / Math.max(1, laneCount)));
}

// --- internal ---

function chooseDevices(
  { workers, members, runtime }: LanePlanRequest,
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
