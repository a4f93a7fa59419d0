/** The options of every command that builds an experiment. */
import { userPath } from '../user-folder.ts';

export interface ExperimentFlags {
  preset: string;
  config?: string;
  data?: string;
  layout?: string;
  followLinks?: boolean;
  weights?: string;
  workers?: string;
  set: string[];
}

/** The settings that the options name. */
export function settingsOf({ config, set, ...flags }: ExperimentFlags, base: string) {
  const { preset, data, layout, followLinks, weights, workers } = flags;
  return {
    ...{ preset, data, layout, followLinks, weights, workers, base },
    ...(config === undefined ? {} : { file: userPath(config) }),
    assignments: set,
    environment: process.env,
  };
}

/** Collects the values of a repeatable option. */
export function repeated(value: string, before: string[]): string[] {
  return [...before, value];
}
