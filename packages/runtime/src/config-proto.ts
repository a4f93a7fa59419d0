/**
 * The few fields of TensorFlow's ConfigProto that Chorus sets, in protocol-buffer encoding.
 *
 * Field numbers: tensorflow/core/protobuf/config.proto of TensorFlow 2.21.
 */
import { RuntimeError } from './errors.ts';
import { integer, message, packedFloats, text } from './protobuf.ts';

/** TensorFlow settings that apply to the whole process: every lane must pass the same ones. */
export interface ProcessSettings {
  /** Logical CPU devices cpu:0 … cpu:N-1. */
  logicalCpuDevices: number;
  /** Threads that a CPU operation may use on one device. */
  intraOpThreads: number;
  /** Memory limit of each GPU of the machine, in MiB (null: no limit); an empty array sets no limits. */
  gpuMemoryLimitsMiB: readonly (number | null)[];
}

/**
 * Serializes the process-wide settings.
 *
 * @throws RuntimeError when a number is out of range.
 */
export function encodeConfigProto({
  logicalCpuDevices,
  intraOpThreads,
  gpuMemoryLimitsMiB,
}: ProcessSettings): Uint8Array {
  for (const [name, value] of Object.entries({ logicalCpuDevices, intraOpThreads }))
    if (!Number.isInteger(value) || value < 1 || value > 4096)
      throw new RuntimeError(`Expected ${name} to be a whole number from 1 to 4096, received ${value}.`);
  for (const [gpu, limit] of gpuMemoryLimitsMiB.entries())
    if (limit !== null && !(limit > 0 && Number.isFinite(limit)))
      throw new RuntimeError(`Expected the memory limit of gpu:${gpu} in MiB, received ${limit}.`);
  return Uint8Array.from([
    ...message(1, [...text(1, 'CPU'), ...integer(2, logicalCpuDevices)]), // device_count["CPU"]
    ...integer(2, intraOpThreads), // intra_op_parallelism_threads
    ...integer(5, interOpThreads), // inter_op_parallelism_threads
    ...message(6, gpuOptions(gpuMemoryLimitsMiB)), // gpu_options
    ...integer(7, 1), // allow_soft_placement
  ]);
}

// --- internal ---

/**
 * Number of ops of a compiled function that may run in parallel, such as both gradients of a convolution, or branches of a
 * network. On two cores, in alternating measurements, a training step took 0.95 to 0.97 of the time of sequential ops
 * (MobileNetV2, InceptionV3, 32 images of 224 px), and 0.82 for 8 images of 96 px.
 */
const interOpThreads = 2;

function gpuOptions(limitsMiB: readonly (number | null)[]): number[] {
  // allow_growth: allocates GPU memory on demand, up to the limit.
  const growth = integer(4, 1);
  if (limitsMiB.every((limit) => limit === null)) return growth;
  // experimental.virtual_devices: one entry per GPU with memory_limit_mb; an empty entry sets no limit.
  const virtualDevices = limitsMiB.flatMap((limit) => message(1, limit === null ? [] : packedFloats(1, [limit])));
  return [...growth, ...message(9, virtualDevices)];
}
