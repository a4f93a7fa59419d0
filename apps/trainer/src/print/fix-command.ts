import type { Fix } from '@chorus/orchestration';

/** The command that fixes a finding of `chorus doctor`. */
export function fixCommand(fix: Fix): string {
  switch (fix.kind) {
    case 'command':
      return fix.command;
    case 'newer-node':
      return 'npx -y node@24 apps/trainer/dist/main.js train';
    case 'set-up':
      return 'pnpm chorus setup';
    case 'download':
      return `pnpm chorus download --preset ${fix.preset}`;
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
  return ['pnpm chorus train', `--preset ${preset}`, ...options, ...(needsData ? ['--data DIR'] : [])].join(' ');
}
