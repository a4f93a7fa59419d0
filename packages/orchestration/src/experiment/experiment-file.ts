/** What an experiment file contains. */
import { z } from 'zod';
import { type PresetName, presetNames } from './presets/presets.ts';
import { type ExperimentInput, experimentSchema } from './schema.ts';

/** Parts of an experiment, and optionally the preset that they change. */
export interface ExperimentFile extends Partial<ExperimentInput> {
  /** Address of the JSON schema, for editors; ignored. */
  $schema?: string;
  /** The preset that the experiment starts from, or `auto`; one that is named on the command line takes precedence. */
  preset?: PresetName | 'auto';
}

/**
 * Types an experiment file; returns its argument.
 *
 * @example
 * export default defineConfig({ preset: 'mobile', data: { source: 'photos' }, recipe: { batchSize: 16 } });
 */
export function defineConfig(experiment: ExperimentFile): ExperimentFile {
  return experiment;
}

/** JSON schema of an experiment file, for editors. */
export function experimentJsonSchema(): object {
  return z.toJSONSchema(experimentFileSchema, { io: 'input', target: 'draft-2020-12' });
}

// --- internal ---

const experimentFileSchema = z.strictObject({
  $schema: z.string().optional().describe('Address of this schema, for editors; ignored.'),
  preset: z
    .enum(presetNames)
    .optional()
    .describe('The preset that the experiment starts from; one that is named on the command line takes precedence.'),
  ...experimentSchema.shape,
  members: experimentSchema.shape.members.optional(),
});
