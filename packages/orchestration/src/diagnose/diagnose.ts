/** What training needs of this machine, and what of it is missing: `chorus doctor`. */
import { type PresetName, presets } from '../experiment/presets/presets.ts';
import type { Finding } from './finding.ts';
import { examineMachine } from './machine.ts';
import { examinePreset } from './preset-needs.ts';

/** Looks at everything, the broken parts included; never throws for something that is missing. */
export async function diagnose(environment: { CHORUS_WEIGHTS?: string | undefined }): Promise<Finding[]> {
  const { findings, gpus } = await examineMachine();
  const all = [...findings];
  for (const name of Object.keys(presets) as PresetName[])
    all.push(...(await examinePreset(name, { environment, gpus })));
  return all;
}
