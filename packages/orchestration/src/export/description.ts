/** `export.json`: describes the files of an export. `members.py` reads it, and its presence identifies an export. */
import { hexColor } from '@chorus/data';
import {
  type BackboneVariant,
  type Calibration,
  type StackerSteps,
  stackerSteps,
  type TestTimeAugmentation,
  type View,
  variantOf,
  viewsOf,
} from '@chorus/models';
import type { BundleManifest } from '../bundle.ts';
import { ConfigError } from '../errors.ts';

export const exportFormats = ['keras', 'tfjs', 'onnx'] as const;
/** `tfjs`: models for tfjs; `keras`: in addition, weights for Keras and a script that loads them; `onnx`: graphs for onnxruntime. */
export type ExportFormat = (typeof exportFormats)[number];

/**
 * Finds a format by its name.
 *
 * @throws ConfigError when there is none of this name.
 */
export function formatAmong<Format extends string>(formats: readonly Format[], name: string): Format {
  const found = formats.find((format) => format === name);
  if (found === undefined)
    throw new ConfigError(`Unknown format ${JSON.stringify(name)}; expected one of: ${formats.join(', ')}.`);
  return found;
}

export interface ExportContents {
  format: 'chorus-export';
  version: 1;
  /** The run's name. */
  name: string;
  /** In the order of the probabilities. */
  classes: string[];
  /** Resize method. */
  resize: string;
  /** Whether the decoder scaled large JPEGs; decoding at full size gives slightly different pixels. */
  shrinkOnLoad: boolean;
  /** Color behind transparent pixels, as `#rrggbb`. */
  background: string;
  /** The views of an image whose logits the models average: `true` stands for the image and its mirror image. */
  testTimeAugmentation: TestTimeAugmentation;
  /** These views; crops are in eighths of the image's side. */
  views: readonly View[];
  /** Whether the only member is the student; then the ensemble is this member. */
  student: boolean;
  /** Set if the probabilities are those for equally frequent classes. */
  balancesClasses?: true;
  /** Set if onnxruntime computes the graphs with 8-bit integers. */
  integers?: true;
  ensemble: {
    stacker: string;
    /** Calibration of the stacker's probabilities, which is part of the model; null for none. The members are not calibrated. */
    calibration: Calibration | null;
    /** In the order of the model's inputs. */
    inputs: ImageInput[];
    tfjs?: string;
    onnx?: string;
    /** How to compute the probabilities in Keras from the members' outputs; not with the student, which is its only member. */
    keras?: StackerSteps;
  };
  members: MemberDescription[];
}

export interface ExportDescription extends ExportContents {
  /** All exported files, with `/` between folders. A later export refuses to replace a folder with other files. */
  files: string[];
}

/** An input of a model, for square images. */
export interface ImageInput {
  name: string;
  /** Side in pixels. */
  size: number;
}

interface MemberDescription {
  name: string;
  inputSize: number;
  preprocessing: string;
  tfjs?: string;
  onnx?: string;
  /** How to build the model in Keras. Several weight files belong to several models, whose logits are averaged. */
  keras?: {
    /** A function of keras.applications or, for a backbone that it does not have, of members.py. */
    application: string;
    arguments: { alpha?: number };
    dropout: number;
    weights: string[];
  };
}

/** @param inputs those of the bundle's ensemble. */
export async function describeExport(
  manifest: BundleManifest,
  inputs: ImageInput[],
  format: ExportFormat,
  student: boolean,
): Promise<ExportContents> {
  const { name, classes, decoding, testTimeAugmentation, balancesClasses, chosen, calibration, members } = manifest;
  const stacker = manifest.stackers.find(({ kind }) => kind === chosen)!.state;
  const names = members.map((member) => member.name);
  return {
    format: 'chorus-export',
    version: 1,
    name,
    classes,
    resize: decoding.resize,
    shrinkOnLoad: decoding.shrinkOnLoad,
    background: await hexColor(decoding.background),
    testTimeAugmentation,
    views: viewsOf(testTimeAugmentation),
    student,
    ...(balancesClasses ? { balancesClasses } : {}),
    ...(format === 'onnx' && members[0]!.models[0]!.model.ranges !== undefined ? { integers: true } : {}),
    ensemble: {
      ...{ stacker: chosen, calibration, inputs },
      ...(format === 'onnx'
        ? { onnx: student ? onnxMember(members[0]!.name) : onnxEnsemble }
        : { tfjs: `${student ? memberFolder(members[0]!.name) : ensembleFolder}/model.json` }),
      ...(format === 'keras' && !student ? { keras: stackerSteps({ stacker, calibration }, names) } : {}),
    },
    members: members.map(({ name: member, models }) => {
      const { backbone, preprocessing, dropout } = models[0]!.model;
      const keras = {
        ...applicationOf(variantOf(backbone)),
        dropout,
        weights: kerasWeightNames(member, models.length),
      };
      return {
        name: member,
        inputSize: backbone.inputSize,
        preprocessing,
        ...(format === 'onnx' ? { onnx: onnxMember(member) } : { tfjs: `${memberFolder(member)}/model.json` }),
        ...(format === 'keras' ? { keras } : {}),
      };
    }),
  };
}

export const ensembleFolder = 'tfjs/ensemble';

export function memberFolder(member: string): string {
  return `tfjs/members/${member}`;
}

export const onnxEnsemble = 'onnx/ensemble.onnx';

export function onnxMember(member: string): string {
  return `onnx/members/${member}.onnx`;
}

/** The function that builds a backbone in Keras, and its arguments. */
export function applicationOf({ reference }: BackboneVariant): { application: string; arguments: { alpha?: number } } {
  if (reference.library === 'timm') return { application: reference.model, arguments: {} };
  const { application, arguments: options } = reference;
  return { application, arguments: options };
}

/** Each member has its own folder, apart from members.py, so that no member name can collide with it. */
export function kerasWeightNames(member: string, modelCount: number): string[] {
  return Array.from({ length: modelCount }, (_, index) => `keras/weights/${member}/${index + 1}.weights.h5`);
}
