import type { Workers } from '../workers.ts';
import { type Conflict, conflictAt, repetitions } from './conflict.ts';

export interface WorkerKeys {
  workers: Workers;
}

/** Conflicts between the workers. */
export function workerConflicts({ workers }: WorkerKeys): Conflict[] {
  if (workers === 'auto') return [];
  return [
    ...repetitions(
      workers.map(({ device }) => device),
      (index) => ['workers', index, 'device'],
      'expected a device that no other worker has',
    ),
    ...workers.flatMap(({ device, memoryLimitMiB }, index) =>
      conflictAt(
        ['workers', index, 'memoryLimitMiB'],
        memoryLimitMiB !== undefined && device.startsWith('cpu:')
          ? `expected no limit for ${device}: only GPUs have one`
          : undefined,
      ),
    ),
  ];
}
