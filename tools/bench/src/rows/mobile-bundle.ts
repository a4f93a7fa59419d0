/** Bundles of the preset mobile with random weights, which take as long as trained ones. */
import { type BundleManifest, createClassifier, memberToBytes } from '@chorus/models';
import { sealFolder } from '@chorus/storage';
import tf from '@chorus/tfjs';

/** The backbones of the preset mobile. */
const members = [
  { name: 'mobilenet-v2', family: 'mobilenet-v2', alpha: 1 },
  { name: 'mobilenet', family: 'mobilenet', alpha: 1 },
  { name: 'mobilenet-075', family: 'mobilenet', alpha: 0.75 },
] as const;
const classes = ['a', 'b'];
const stacker = { kind: 'mean', memberCount: members.length, classCount: classes.length } as const;

export interface MobileBundle {
  inputSize: number;
  testTimeAugmentation: boolean;
}

/** Writes a bundle. */
export async function writeMobileBundle(
  folder: string,
  { inputSize, testTimeAugmentation }: MobileBundle,
): Promise<void> {
  tf.enableProdMode();
  const built = members.map(({ name, family, alpha }) => ({
    name,
    classifiers: [createClassifier({ backbone: { family, alpha, inputSize }, classes, seed: 0 })],
  }));
  const files: Record<string, Uint8Array | string> = {};
  const described = built.map(({ name, classifiers }): BundleManifest['members'][number] => {
    const { manifest, weights } = memberToBytes(classifiers[0]!);
    const file = `members/${name}/1.bin`;
    files[file] = weights;
    return { name, models: [{ file, model: manifest }] };
  });
  for (const { classifiers } of built) for (const classifier of classifiers) classifier.dispose();
  const manifest: BundleManifest = {
    ...{ schemaVersion: 4, name: 'mobile', classes, testTimeAugmentation, demo: false, balancesClasses: false },
    decoding: { maxPixels: 1e8, timeoutMs: 10_000, background: 'white', resize: 'pillow', shrinkOnLoad: false },
    members: described,
    ...{ chosen: 'mean', thresholds: null, calibration: null, stackers: [{ kind: 'mean', state: stacker }] },
  };
  const images = { training: [], test: [] };
  await sealFolder(folder, {
    ...files,
    ...{ 'bundle.json': JSON.stringify(manifest), 'images.json': JSON.stringify(images) },
  });
}
