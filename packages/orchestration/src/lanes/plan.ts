/** Plans a run's lanes from the experiment and the machine's devices. Pure. */
import type { DeviceName, RuntimeOptions } from '@chorus/runtime';
import { ConfigError } from '../errors.ts';
import type { Experiment } from '../experiment/schema.ts';

/** Minimum number of CPU lanes, even on one core; more lanes than cores would only cost memory. */
const fewestCpuLanes = 2;

/**
 * Pixels of a step's images up to which one thread per op is faster than several, on one lane. Measured with MobileNetV2 on
 * two cores, with one thread and with two: 32 images of 64 px take 52 and 59 ms, 2 images of 32 px 11 and 26 ms, 32 images of
 * 96 px 102 and 98 ms. With one thread per op, concurrent ops use the other core.
 */
const fewPixels = 32 * 64 ** 2;
/**
 * The same for several lanes, which share the processors. Two lanes of MobileNets on two cores, with one thread instead
 * of two, took 0.88 of the time at 96 px, 0.97 at 128 px and 1.04 at 160 px (batches of 32, alternating runs).
 */
const fewPixelsOfSeveral = 32 * 128 ** 2;

/** The processors and GPUs of a machine. */
export interface Machine {
  /** Processors that this process may use. */
  processorCount: number;
  /** GPUs that TensorFlow can use, such as `gpu:0`. */
  gpus: readonly DeviceName[];
}

/** The parts of an experiment that decide its lanes. */
export interface LanePlanRequest {
  workers: Experiment['workers'];
  runtime: Pick<Experiment['runtime'], 'logicalCpuDevices' | 'intraOpThreads'>;
  members: readonly { name: string; worker?: number | undefined }[];
  /** Pixels of the images of one training step; undefined without training. */
  stepPixels?: number;
}

export interface LanePlan {
  /** One per lane; all settings except the device apply to the whole process and are equal in all lanes. */
  lanes: RuntimeOptions[];
  /** Why these lanes were chosen; shown to the user. */
  reason: string;
}

/**
 * Plans the lanes of a run.
 *
 * `auto` uses every GPU. Without a GPU, it uses as many logical CPU devices as there are members or processors, whichever are
 * fewer, but at least two: parts of a training step use one core only, and a second lane uses the other. On two cores
 * (alternating runs) two lanes of two threads took 0.77 of the time of one such lane and 0.94 of that of three (three MobileNets,
 * 160 px, the last 30 layers; 41.8, 54 and 44.2 s), 0.97 and 0.94 with the article's three members at 160 px (64, 66 and 68 s).
 *
 * @throws ConfigError for a device that does not exist, listing those that do.
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
      `Member ${outOfRange.name} is pinned to worker ${outOfRange.worker}, but only workers 0 to ${devices.length - 1} exist (${devices.join(', ')}).`,
    );
  const intraOpThreads =
    experiment.runtime.intraOpThreads ?? threadsOfAnOp(machine.processorCount, cpuCount, experiment.stepPixels);
  return {
    lanes: devices.map((device) => ({ device, logicalCpuDevices, intraOpThreads, gpuMemoryLimitsMiB: limits })),
    reason,
  };
}

/**
 * Threads that an op of one CPU lane uses: twice an equal share of the processors, at most all. With an equal share,
 * processors are idle while other lanes wait or have finished: two lanes of two threads took 0.87 of the time of two lanes of one thread
 * (the article's three members on two cores: 62 and 72 s, one run each).
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
      reason: 'as requested',
    };
  }
  if (machine.gpus.length > 0) return { devices: [...machine.gpus], limits: [], reason: 'one lane per GPU' };
  const most = runtime.logicalCpuDevices ?? Math.max(fewestCpuLanes, machine.processorCount);
  const laneCount = Math.min(members.length, most);
  return {
    devices: Array.from({ length: laneCount }, (_, index) => `cpu:${index}` as const),
    limits: [],
    reason: `no GPU: logical CPU devices sharing ${machine.processorCount} processors`,
  };
}

function deviceIndex(device: string): number {
  return Number(device.slice(device.indexOf(':') + 1));
}
