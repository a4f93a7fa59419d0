import { setupLines } from '@chorus/orchestration/setup-lines';
import { Command } from 'commander';
import { userPath } from '../user-folder.ts';

interface AugmentFlags {
  out: string;
  augmentation: string;
  epochs?: number;
  size?: number;
  seed?: number;
}

export const augmentCommand = new Command('augment')
  .description('write a contact sheet of augmented images: a row per image, first as it is, then in each epoch')
  .argument('<file...>', 'images')
  .requiredOption('--out <file>', 'output file, .png; an earlier one is replaced')
  .option(
    '--augmentation <name>',
    'none, flip, light, medium, heavy, or settings as JSON, as recipe.augmentation in training',
    'medium',
  )
  .option('--epochs <count>', 'number of epochs to show (default: 8)', Number)
  .option('--size <pixels>', 'side of the square that images are resized to (default: 160)', Number)
  .option('--seed <number>', 'seed of the random numbers (default: 0)', Number)
  .action(async (files: string[], { out, augmentation, epochs: epochCount, size: inputSize, seed }: AugmentFlags) => {
    const { writeAugmentationSheet } = await import('@chorus/orchestration');
    const path = userPath(out);
    const { width, height } = await writeAugmentationSheet(path, files.map(userPath), {
      augmentation: choiceOf(augmentation),
      ...{ epochCount, inputSize, seed },
      onSetup: setupLines(process.stderr),
    });
    console.log(`${path}: ${width} × ${height} pixels`);
  });

// --- internal ---

/** A name or JSON; the schema refuses everything else. */
function choiceOf(text: string) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
