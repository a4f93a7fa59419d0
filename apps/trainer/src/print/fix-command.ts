import type { Fix } from '@chorus/orchestration';
import { commandName } from './command-name.ts';

/** The command that fixes a finding of `chorus doctor`. */
export function fixCommand(fix: Fix): string {
  switch (fix.kind) {
    case 'command':
      return fix.command;
    case 'newer-node':
      return 'npx -y node@24 apps/trainer/dist/main.js train';
    case 'set-up':
      return `${commandName} setup`;
    case 'download':
      return `${commandName} download --preset ${fix.preset}`;
    case 'published-weights':
      return train(fix, '--weights imagenet');
    case 'smaller-batches':
      return train(fix, '--set recipe.batchSize=8');
    case 'one-lane':
      return train(fix, '--workers cpu:0');
    case 'cpu-preset':
      return train(fix);
  }
}

// --- internal ---

function train({ preset, needsData }: { preset: string; needsData: boolean }, ...options: string[]): string {
  return [`${commandName} train`, `--preset ${preset}`, ...options, ...(needsData ? ['--data DIR'] : [])].join(' ');
}
