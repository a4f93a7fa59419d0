#!/usr/bin/env node
/**
 * Parent process of every command. Sets the environment variables that TensorFlow reads at startup, runs the command in a child
 * process, passes signals on, and exits with the child's exit code. A training is supervised: started again when it hangs or crashes.
 */
import { whyTooFewOpenFiles } from './open-file-limit.ts';
import { runCommand } from './parent/run-command.ts';
import { runTraining } from './parent/run-training.ts';

const tooFewFiles = whyTooFewOpenFiles();
if (tooFewFiles !== undefined) {
  console.error(`chorus: ${tooFewFiles}`);
  process.exit(2);
}

const words = process.argv.slice(2);
const isTraining = words.find((word) => !word.startsWith('-')) === 'train' && !words.includes('--dry-run');
process.exit(await (isTraining ? runTraining(words) : runCommand(words)));
