import { locateNativeRuntime } from './native/locate.ts';
import { processAddon } from './process-addon.ts';

/**
 * Has the system kill this process when its parent ends, in whatever state this process is then. Call it in the main thread.
 *
 * @returns false where the system cannot; Linux can.
 * @throws RuntimeError when the native runtime is not set up.
 */
export function killWithParent(): boolean {
  return processAddon(locateNativeRuntime().processPath).killWithParent();
}
