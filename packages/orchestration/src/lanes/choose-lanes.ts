import { availableParallelism } from 'node:os';
import { type DeviceName, listDevices, nativePlatform, type OnSetupProgress, setupRuntime } from '@chorus/runtime';
import { type LanePlan, type LanePlanRequest, planLanes } from './plan.ts';

/**
 * Plans lanes on this machine.
 *
 * @param onSetup called with the progress of the native runtime's setup, which is required to list the GPUs.
 * @throws ConfigError for a device that does not exist.
 */
export async function chooseLanes(experiment: LanePlanRequest, onSetup?: OnSetupProgress): Promise<LanePlan> {
  const named = experiment.workers === 'auto' ? [] : experiment.workers;
  const onlyCpu = named.length > 0 && named.every((worker) => worker.device.startsWith('cpu:'));
  // Listing the GPUs starts TensorFlow in another process, which takes seconds; named CPU devices do not need it.
  return planLanes(experiment, {
    processorCount: availableParallelism(),
    gpus: onlyCpu ? [] : await findGpus(onSetup),
  });
}

/** GPUs that TensorFlow can use here. */
export async function findGpus(onSetup?: OnSetupProgress): Promise<DeviceName[]> {
  if (nativePlatform().hasGpus) await setupRuntime(onSetup);
  const devices = await listDevices();
  return devices.map((device) => device.name).filter((name) => name.startsWith('gpu:'));
}
