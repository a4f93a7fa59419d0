/** Examines what training needs on this machine. */
import { resolve } from 'node:path';
import { choosePreset, type PresetName, presets } from '../experiment/presets/presets.ts';
import { isNamedWeights } from '../run/initial-weights.ts';
import type { Finding } from './finding.ts';
import { examineMachine } from './machine.ts';
import { examinePreset } from './preset-needs.ts';

export interface DiagnoseOptions {
  /** By default all presets. */
  preset?: string;
  /** A folder or a name, as in an experiment; by default each preset's own. */
  weights?: string;
  environment: { CHORUS_WEIGHTS?: string | undefined };
}

/**
 * Examines this machine and the needs of presets. Missing or broken parts become findings, not errors.
 *
 * @throws ConfigError for an unknown preset.
 */
export async function diagnose({ preset, weights, environment }: DiagnoseOptions): Promise<Finding[]> {
  const names = preset === undefined ? (Object.keys(presets) as PresetName[]) : [choosePreset(preset).name];
  const { findings, gpus } = await examineMachine();
  const all = [...findings];
  const source = weights === undefined || isNamedWeights(weights) ? weights : resolve(weights);
  const common = { environment, gpus, matched: new Map(), ...(source === undefined ? {} : { weights: source }) };
  for (const name of names) all.push(...(await examinePreset(name, common)));
  return all;
}

/** Whether a preset can run: its own needs and those of all presets are met. */
export function isReady(findings: readonly Finding[], preset: PresetName): boolean {
  return findings.every((one) => one.ok || (one.preset !== null && one.preset !== preset));
}
