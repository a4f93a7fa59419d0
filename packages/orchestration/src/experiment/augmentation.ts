/** Random changes of the training images: presets, and their settings. */
import { type Augmentation, type AugmentationSettings, unchanged } from '@chorus/training';
import { z } from 'zod';

export const augmentationPresets = ['none', 'flip', 'light', 'medium', 'heavy'] as const;
export type AugmentationPreset = (typeof augmentationPresets)[number];

const presets: Record<AugmentationPreset, Augmentation> = {
  none: { kind: 'none' },
  flip: { kind: 'flip' },
  light: {
    ...{ kind: 'random', ...unchanged, flip: true, cropArea: 0.7, cropRatio: 4 / 3, rotation: 5 },
    ...{ brightness: 0.1, contrast: 0.1, saturation: 0.1 },
  },
  medium: {
    ...{ kind: 'random', ...unchanged, flip: true, cropArea: 0.5, cropRatio: 4 / 3, rotation: 10, shear: 5 },
    ...{ brightness: 0.2, contrast: 0.2, saturation: 0.2, hue: 5, gray: 0.02, erase: 0.1 },
  },
  heavy: {
    ...{ kind: 'random', ...unchanged, flip: true, cropArea: 0.3, cropRatio: 4 / 3, rotation: 20, shear: 10 },
    ...{ brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 15, gray: 0.1, erase: 0.25, mixup: 0.2 },
  },
};

const change = z.number().min(0).max(1);
const share = z.number().min(0).max(1);

const policySchema = z.discriminatedUnion(
  'kind',
  [
    z.strictObject({
      kind: z
        .literal('trivial')
        .describe(
          'TrivialAugment: one operation of a random strength per image, out of torchvision’s without Equalize.',
        ),
    }),
    z.strictObject({
      kind: z
        .literal('rand')
        .describe('RandAugment: several operations of one strength per image, out of torchvision’s without Equalize.'),
      operations: z.int().min(1).max(4).default(2).describe('Number of operations per image.'),
      magnitude: z.int().min(0).max(30).default(9).describe('Strength of the operations.'),
    }),
  ],
  { error: 'expected { kind: "trivial" } or { kind: "rand", operations, magnitude }' },
);

const settingsSchema = z.strictObject({
  flip: z.boolean().default(true).describe('Flip images horizontally, with probability one half.'),
  cropArea: z
    .number()
    .gt(0)
    .max(1)
    .default(unchanged.cropArea)
    .describe('Area of the smallest random crop, as a share of the image; 1: no crops.'),
  cropRatio: z
    .number()
    .min(1)
    .max(10)
    .default(4 / 3)
    .describe('Largest aspect ratio of a crop, relative to the image; its inverse is the smallest one.'),
  rotation: z.number().min(0).max(180).default(unchanged.rotation).describe('Largest angle of rotation, in degrees.'),
  shear: z.number().min(0).max(60).default(unchanged.shear).describe('Largest angle of the shear, in degrees.'),
  brightness: change
    .default(unchanged.brightness)
    .describe('Largest change of the brightness: 0.2 for factors of 0.8 to 1.2.'),
  contrast: change.default(unchanged.contrast).describe('Largest change of the contrast.'),
  saturation: change.default(unchanged.saturation).describe('Largest change of the saturation.'),
  hue: z.number().min(0).max(180).default(unchanged.hue).describe('Largest rotation of the hue, in degrees.'),
  gray: share.default(unchanged.gray).describe('Share of the images that become gray.'),
  blur: share.default(unchanged.blur).describe('Share of the images that are blurred, by up to two pixels.'),
  erase: share.default(unchanged.erase).describe('Share of the images in which a rectangle becomes gray.'),
  mixup: share
    .default(unchanged.mixup)
    .describe(
      'Blend pairs of images and their labels, by shares from the distribution Beta(α, α) with this α; 0: do not.',
    ),
  cutmix: share
    .default(unchanged.cutmix)
    .describe(
      'Replace a rectangle by that of another image, and the label by the share of its area, from Beta(α, α) with this α; 0: do not. With `mixup`, each image has one of the two.',
    ),
  policy: policySchema
    .nullable()
    .default(unchanged.policy)
    .describe('Random operations in addition: TrivialAugment or RandAugment; `null`: none.'),
});

export const augmentationSchema = z.union([z.enum(augmentationPresets), settingsSchema], {
  error: `expected ${augmentationPresets.map((name) => `"${name}"`).join(', ')} or an object of settings`,
});

export type AugmentationChoice = z.output<typeof augmentationSchema>;

/** The changes that a choice stands for. */
export function augmentationOf(choice: AugmentationChoice): Augmentation {
  if (typeof choice === 'string') return presets[choice];
  return { kind: 'random', ...(choice satisfies AugmentationSettings) };
}
