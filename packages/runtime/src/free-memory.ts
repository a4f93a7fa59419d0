import { hasBinding, planNativeRuntime } from './native/locate.ts';
import { processAddon } from './process-addon.ts';

/**
 * Returns memory that threads have freed to the system. Call it after threads that ran TensorFlow have ended, in any thread.
 *
 * With glibc, the process otherwise keeps it in arenas of the threads, and grows with each one that starts and ends. Does nothing
 * where the native runtime is not set up.
 */
export function releaseFreeMemory(): void {
  const native = planNativeRuntime();
  if (hasBinding(native)) processAddon(native.processPath).releaseFreeMemory();
}
