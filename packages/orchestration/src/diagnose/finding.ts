import type { PresetName } from '../experiment/presets/presets.ts';

/** One thing that was looked at. */
export interface Finding {
  /** The preset that needs it; null where all do. */
  preset: PresetName | null;
  what: string;
  ok: boolean;
  detail: string;
  /** The command that mends it. */
  mend?: string;
}
