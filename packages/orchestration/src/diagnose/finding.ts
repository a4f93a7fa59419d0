import type { PresetName } from '../experiment/presets/presets.ts';

/** One thing that was examined. */
export interface Finding {
  /** The preset that needs it; null where all presets do. */
  preset: PresetName | null;
  what: string;
  ok: boolean;
  detail: string;
  fix?: Fix;
}

/**
 * What fixes a finding.
 *
 * - `command`: a command of the system
 * - `newer-node`, `set-up`: another node; preparing the native runtime
 * - `download`: what the preset needs, in advance
 * - `published-weights`, `smaller-batches`, `one-lane`, `cpu-preset`: training in another way; `needsData` where the preset has no
 *   data set of its own
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
