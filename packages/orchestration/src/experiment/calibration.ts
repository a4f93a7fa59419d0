import { z } from 'zod';

/** `calibration` of an experiment. */
export const calibrationSettingSchema = z
  .enum(['auto', 'none', 'temperature', 'vector'])
  .default('auto')
  .describe(
    "How the chosen stacker's probabilities are calibrated, on its out-of-fold predictions: one `temperature`, a scale and a bias per class (`vector`), or `none`. `auto` decides by cross-validated log loss, and for `none` unless another one is clearly better.",
  );

export type CalibrationSetting = z.output<typeof calibrationSettingSchema>;
