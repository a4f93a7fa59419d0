import type { PresetName } from '../experiment/presets/presets.ts';

/** The result of one examination. */
export interface Finding {
  /** The preset that needs it; null if all presets do. */
  preset: PresetName | null;
  what: string;
  ok: boolean;
  detail: string;
  fix?: Fix;
}

/**
 * The fix for a finding.
 *
 * - `command`: a system command
 * - `newer-node`: a newer version of node
 * - `set-up`: setting up the native runtime
 * - `download`: downloading what the preset needs
 * - `published-weights`, `smaller-batches`, `one-lane`, `cpu-preset`: training with other options; `needsData` if the preset has
 *   no data set of its own
 */
export type Fix =
  | { kind: 'command'; command: string }
  | { kind: 'newer-node' | 'set-up' }
  | { kind: 'download'; preset: PresetName }
  | {
      kind: 'published-weights' | 'smaller-batches' | 'one-lane' | 'cpu-preset';
      preset: PresetName;
      needsData: boolean;
    };
