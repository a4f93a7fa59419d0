/**
 * TrivialAugment and RandAugment: random operations, each of one strength.
 *
 * Müller and Hutter, "TrivialAugment: Tuning-free Yet State-of-the-Art Data Augmentation", 2021; Cubuk, Zoph, Shlens and Le,
 * "RandAugment: Practical automated data augmentation with a reduced search space", 2020.
 */
import { concatenated, rotation, type Transform, unmoved } from './transform.ts';

export type Policy =
  /** One operation of a random strength. */
  | { kind: 'trivial' }
  /** Several operations of one strength: `magnitude`, 0 to 30. */
  | { kind: 'rand'; operations: number; magnitude: number };

/** All operations of torchvision's policies except Equalize. */
export const operationNames = [
  ...(['Identity', 'ShearX', 'ShearY', 'TranslateX', 'TranslateY', 'Rotate'] as const),
  ...(['Brightness', 'Color', 'Contrast', 'Sharpness', 'Posterize', 'Solarize', 'AutoContrast'] as const),
];
export type OperationName = (typeof operationNames)[number];

/** What the operations of a policy do to an image. */
export interface Operations {
  transform: Transform;
  brightness: number;
  contrast: number;
  saturation: number;
  /** 0: smoothed; 1: unchanged; 2: sharpened. */
  sharpness: number;
  /** Difference of adjacent levels of a color; 1: unchanged. */
  levelStep: number;
  /** Values from here on are inverted; 256: none. */
  solarizeFrom: number;
  /** 1: the values of each channel are stretched to 0 … 255. */
  stretches: 0 | 1;
}

export const noOperation: Operations = {
  transform: unmoved,
  ...{ brightness: 1, contrast: 1, saturation: 1, sharpness: 1, levelStep: 1, solarizeFrom: 256, stretches: 0 },
};

/** Number of strengths. */
const binCount = 31;
/** Numbers per operation. */
export const drawsPerOperation = 3;

/** Number of operations per image. */
export function operationCount(policy: Policy): number {
  return policy.kind === 'trivial' ? 1 : policy.operations;
}

/**
 * Draws the operations of an image.
 *
 * @param draws in [0, 1), `drawsPerOperation` for each operation.
 * @param size side of the image in pixels.
 */
export function drawOperations(policy: Policy, draws: ArrayLike<number>, size: number): Operations {
  let all = noOperation;
  for (let index = 0; index < operationCount(policy); index += 1) {
    const [which, strength, sign] = [0, 1, 2].map((one) => draws[drawsPerOperation * index + one]!) as [
      number,
      number,
      number,
    ];
    const name = operationNames[Math.floor(which * operationNames.length)]!;
    const bin = policy.kind === 'trivial' ? Math.floor(strength * binCount) : policy.magnitude;
    const { magnitude, isSigned } = magnitudeOf(name, policy.kind, bin, size);
    all = both(all, operation(name, isSigned && sign < 0.5 ? -magnitude : magnitude, size));
  }
  return all;
}

/** The strength of an operation in a bin, as in torchvision's TrivialAugmentWide and RandAugment. */
export function magnitudeOf(
  name: OperationName,
  kind: Policy['kind'],
  bin: number,
  size: number,
): { magnitude: number; isSigned: boolean } {
  const share = bin / (binCount - 1);
  const upTo = (wide: number, narrow: number) => ({
    magnitude: share * (kind === 'trivial' ? wide : narrow),
    isSigned: true,
  });
  switch (name) {
    case 'ShearX':
    case 'ShearY':
      return upTo(0.99, 0.3);
    case 'TranslateX':
    case 'TranslateY':
      return upTo(32, (150 / 331) * size);
    case 'Rotate':
      return upTo(135, 30);
    case 'Brightness':
    case 'Color':
    case 'Contrast':
    case 'Sharpness':
      return upTo(0.99, 0.9);
    case 'Posterize':
      return { magnitude: 8 - Math.round(share * (kind === 'trivial' ? 6 : 4)), isSigned: false };
    case 'Solarize':
      return { magnitude: 255 * (1 - share), isSigned: false };
    case 'Identity':
    case 'AutoContrast':
      return { magnitude: 0, isSigned: false };
  }
}

/**
 * An operation as torchvision's `_apply_op` applies it, except that images are reflected at their edges.
 *
 * @param size side of the image in pixels.
 */
export function operation(name: OperationName, magnitude: number, size: number): Operations {
  switch (name) {
    // Shears leave the corner of the image at its place, −0.5 in coordinates of pixel centers.
    case 'ShearX':
      return { ...noOperation, transform: [1, magnitude, magnitude / 2, 0, 1, 0] };
    case 'ShearY':
      return { ...noOperation, transform: [1, 0, 0, magnitude, 1, magnitude / 2] };
    case 'TranslateX':
      return { ...noOperation, transform: [1, 0, -Math.trunc(magnitude), 0, 1, 0] };
    case 'TranslateY':
      return { ...noOperation, transform: [1, 0, 0, 0, 1, -Math.trunc(magnitude)] };
    case 'Rotate':
      return { ...noOperation, transform: rotation(-magnitude, size) };
    case 'Brightness':
      return { ...noOperation, brightness: 1 + magnitude };
    case 'Color':
      return { ...noOperation, saturation: 1 + magnitude };
    case 'Contrast':
      return { ...noOperation, contrast: 1 + magnitude };
    case 'Sharpness':
      return { ...noOperation, sharpness: 1 + magnitude };
    case 'Posterize':
      return { ...noOperation, levelStep: 2 ** (8 - magnitude) };
    case 'Solarize':
      return { ...noOperation, solarizeFrom: magnitude };
    case 'AutoContrast':
      return { ...noOperation, stretches: 1 };
    case 'Identity':
      return noOperation;
  }
}

// --- internal ---

/** Applies the first operations, then the second ones; places change first, then colors, sharpness, levels and range. */
function both(first: Operations, second: Operations): Operations {
  return {
    transform: concatenated(first.transform, second.transform),
    brightness: first.brightness * second.brightness,
    contrast: first.contrast * second.contrast,
    saturation: first.saturation * second.saturation,
    sharpness: second.sharpness === 1 ? first.sharpness : second.sharpness,
    levelStep: Math.max(first.levelStep, second.levelStep),
    solarizeFrom: Math.min(first.solarizeFrom, second.solarizeFrom),
    stretches: first.stretches === 1 ? 1 : second.stretches,
  };
}
