/** `export.json`: what the files of an export are; `members.py` reads it, and it tells an export from other folders. */
import { type PlainEnsemble, variantOf } from '@chorus/models';
import type { BundleManifest } from '../bundle.ts';

export const exportFormats = ['keras', 'tfjs'] as const;
/** `tfjs`: models for tfjs; `keras`: these, and weights with a script for Keras. */
export type ExportFormat = (typeof exportFormats)[number];

export interface ExportContents {
  format: 'chorus-export';
  version: 1;
  /** The run's. */
  name: string;
  /** In the order of the probabilities. */
  classes: string[];
  /** How an image comes to its size. */
  resize: string;
  /** Whether members answer with the mean of an image and its mirror image; built in. */
  testTimeAugmentation: boolean;
  ensemble: {
    stacker: string;
    /** In the order in which the model takes them. */
    inputs: { name: string; size: number }[];
    tfjs: string;
  };
  members: MemberDescription[];
}

export interface ExportDescription extends ExportContents {
  /** All that the export wrote, with `/` between folders; what else lies there, a later export leaves alone. */
  files: string[];
}

interface MemberDescription {
  name: string;
  inputSize: number;
  preprocessing: string;
  tfjs: string;
  /** What makes the same layers in Keras. Several weight files: models of which the logits are averaged. */
  keras?: {
    application: string;
    arguments: { alpha?: number };
    dropout: number;
    weights: string[];
  };
}

/** @param ensemble the bundle's. */
export function describeExport(
  manifest: BundleManifest,
  ensemble: PlainEnsemble,
  format: ExportFormat,
): ExportContents {
  const { name, classes, decoding, testTimeAugmentation, chosen, members } = manifest;
  const sizes = ensemble.model.inputs.map((input) => ({ name: input.name, size: input.shape[1]! }));
  return {
    format: 'chorus-export',
    version: 1,
    name,
    classes,
    resize: decoding.resize,
    testTimeAugmentation,
    ensemble: { stacker: chosen, inputs: sizes, tfjs: `${ensembleFolder}/model.json` },
    members: members.map(({ name: member, models }) => {
      const { backbone, preprocessing, dropout } = models[0]!.model;
      const keras = {
        ...variantOf(backbone).keras,
        dropout,
        weights: kerasWeightNames(member, models.length),
      };
      return {
        name: member,
        inputSize: backbone.inputSize,
        preprocessing,
        tfjs: `${memberFolder(member)}/model.json`,
        ...(format === 'keras' ? { keras } : {}),
      };
    }),
  };
}

export const ensembleFolder = 'tfjs/ensemble';

export function memberFolder(member: string): string {
  return `tfjs/members/${member}`;
}

/** A folder for each member, and none beside members.py: members may be called anything. */
export function kerasWeightNames(member: string, modelCount: number): string[] {
  return Array.from({ length: modelCount }, (_, index) => `keras/weights/${member}/${index + 1}.weights.h5`);
}
