/** The contents of a config file. */
import { z } from 'zod';
import { type PresetName, presetNames } from './presets/presets.ts';
import { type ExperimentInput, experimentSchema } from './schema.ts';

/** A partial experiment, and optionally the preset that it modifies. */
export interface ExperimentFile extends Partial<ExperimentInput> {
  /** URL of the JSON schema, for editors; ignored. */
  $schema?: string;
  /** The preset that the experiment starts from, or `auto`; a preset on the command line takes precedence. */
  preset?: PresetName | 'auto';
}

/**
 * Returns its argument; gives a config file type checking and completion.
 *
 * @example
 * export default defineConfig({ preset: 'mobile', data: { source: 'photos' }, recipe: { batchSize: 16 } });
 */
export function defineConfig(experiment: ExperimentFile): ExperimentFile {
  return experiment;
}

/** The JSON schema of a config file, for editors. */
export function experimentJsonSchema(): object {
  return z.toJSONSchema(experimentFileSchema, { io: 'input', target: 'draft-2020-12' });
}

// --- internal ---

const experimentFileSchema = z.strictObject({
  $schema: z.string().optional().describe('URL of this schema, for editors; ignored.'),
  preset: z
    .enum(presetNames)
    .optional()
    .describe('The preset that the experiment starts from; a preset on the command line takes precedence.'),
  ...experimentSchema.shape,
  members: experimentSchema.shape.members.optional(),
});
