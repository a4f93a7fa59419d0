/** `workers` of an experiment: the devices to train on. */
import { z } from 'zod';

const deviceName = z
  .string()
  .regex(/^(cpu|gpu):(0|[1-9][0-9]?)$/, 'expected a device such as "gpu:0" or "cpu:1"')
  .transform((name) => name as `cpu:${number}` | `gpu:${number}`);

const worker = z.strictObject({
  device: deviceName.describe('A device such as `gpu:0` or `cpu:1`; `chorus devices` lists them.'),
  memoryLimitMiB: z.int().min(256).optional().describe('Maximum memory that TensorFlow allocates on this GPU, in MiB.'),
});

export const workersSchema = z.union([z.literal('auto'), z.array(worker).min(1).max(64)]);

export type Workers = z.output<typeof workersSchema>;
