import { setupLines } from '@chorus/orchestration/setup-lines';
import { Command } from 'commander';
import { printable } from '../print/printable.ts';
import { userPath } from '../user-folder.ts';

interface FeaturesFlags {
  backbone: string;
  alpha?: number;
  weights: string;
  size?: number;
  resize?: string;
  shrinkOnLoad?: boolean;
  out: string;
  device?: string;
}

export const featuresCommand = new Command('features')
  .description("write a backbone's pooled features of image files as a NumPy array, one row per image")
  .argument('<file...>', 'images')
  .requiredOption('--backbone <name>', 'such as mobilenet-v2')
  .option('--alpha <number>', 'width multiplier of the backbone (default: that of the weights)', Number)
  .requiredOption(
    '--weights <file>',
    'a keras-applications .h5 file or, for efficientnet-lite0, a .safetensors file of timm',
  )
  .option('--size <pixels>', "side of the square that images are resized to (default: the backbone's in Keras)", Number)
  .option(
    '--resize <method>',
    "pillow, as Keras' load_img and in training; antialiased, sharp's own; opencv (default: pillow)",
  )
  .option('--shrink-on-load', 'let the decoder scale large JPEGs, as data.shrinkOnLoad in training')
  .requiredOption('--out <file>', 'output file, .npy; an earlier one is replaced')
  .option('--device <name>', 'such as gpu:1 (default: the first GPU, else cpu:0)')
  .action(async (files: string[], { size: inputSize, weights, out, ...flags }: FeaturesFlags) => {
    const { writeFeatures } = await import('@chorus/orchestration');
    const path = userPath(out);
    let lastTenth = 0;
    const { width } = await writeFeatures(path, files.map(userPath), {
      ...flags,
      inputSize,
      weights: userPath(weights),
      onSetup: setupLines(process.stderr),
      onNotice: (notice) => console.error(printable(notice)),
      onProgress(done, total) {
        const tenth = Math.floor((10 * done) / total);
        if (tenth === lastTenth) return;
        lastTenth = tenth;
        console.error(`features of ${done} of ${total} images`);
      },
    });
    // Standard output carries the result only.
    console.log(`${path}: [${files.length}, ${width}], float32`);
  });
