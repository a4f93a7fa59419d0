import { rm } from 'node:fs/promises';
import { Command } from 'commander';
import { size } from '../print/size.ts';

export const cleanCommand = new Command('clean')
  .description(
    'remove the features that runs have kept in the cache, and what killed commands have left unfinished there; without --yes, print what would be removed',
  )
  .option('--yes', 'remove them', false)
  .addHelpText(
    'after',
    '\nRunning commands are not affected: they compute missing features again, and what they are writing stays. Downloaded weights, data\nsets and the native runtime stay, too.',
  )
  .action(async ({ yes }: { yes: boolean }) => {
    const { cacheLeftOvers, FeatureCache, featureCacheFolder } = await import('@chorus/orchestration');
    const features = new FeatureCache();
    const folder = featureCacheFolder();
    const kept = yes ? await features.clear() : await features.files();
    const leftOvers = await cacheLeftOvers();
    const { files } = leftOvers;
    if (yes) for (const { path } of files) await rm(path, { recursive: true, force: true });
    if (kept.length === 0) console.log(`no features in ${folder}`);
    else say(yes, `the features of ${kept.length === 1 ? '1 backbone' : `${kept.length} backbones`}`, kept, folder);
    const count = files.length === 1 ? '1 unfinished file or folder' : `${files.length} unfinished files or folders`;
    if (files.length > 0) say(yes, `${count} of killed commands`, files, leftOvers.folder);
  });

function say(isDone: boolean, what: string, files: readonly { bytes: number }[], folder: string): void {
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const whole = `${what} (${size(bytes)}) from ${folder}`;
  console.log(isDone ? `removed ${whole}` : `would remove ${whole}; add --yes to remove them`);
}
