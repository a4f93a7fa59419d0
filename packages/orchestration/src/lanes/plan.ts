/** Which lanes a run gets: pure arithmetic over the experiment and what the machine has. */
import type { DeviceName, RuntimeOptions } from '@chorus/runtime';
import { ConfigError } from '../errors.ts';
import type { Experiment } from '../experiment/schema.ts';

/** Without a GPU even a machine of one core works on so many members side by side; more only cost memory. */
const fewestCpuLanes = 3;

/**
 * Threads that all lanes have together. More than processors: when a lane is done, or in a stretch that uses one core only,
 * the others' threads fill the gap. On two cores, in turn, three lanes of two threads took as long as three of one with
 * members of a size (28.3 and 28.4 s), and 2/3 of it with the demo's, of which one takes four times as long as another.
 */
const threadsPerProcessor = 2;

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
  const share = Math.ceil((threadsPerProcessor * machine.processorCount) / Math.max(1, cpuCount));
  const intraOpThreads = experiment.runtime.intraOpThreads ?? Math.min(machine.processorCount, share);
  return {
    lanes: devices.map((device) => ({ device, logicalCpuDevices, intraOpThreads, gpuMemoryLimitsMiB: limits })),
    reason,
  };
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
