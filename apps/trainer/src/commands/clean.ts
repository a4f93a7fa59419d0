import { Command } from 'commander';
import { size } from '../print/size.ts';

export const cleanCommand = new Command('clean')
  .description('remove the features that runs have kept in the cache; without --yes, print what would be removed')
  .option('--yes', 'remove them', false)
  .action(async ({ yes }: { yes: boolean }) => {
    const { FeatureCache, featureCacheFolder } = await import('@chorus/orchestration');
    const cache = new FeatureCache();
    const files = yes ? await cache.clear() : await cache.files();
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    const what = `the features of ${files.length === 1 ? '1 backbone' : `${files.length} backbones`} (${size(bytes)})`;
    const folder = featureCacheFolder();
    if (files.length === 0) console.log(`no features in ${folder}`);
    else if (yes) console.log(`removed ${what} from ${folder}`);
    else console.log(`would remove ${what} from ${folder}; add --yes to remove them`);
  });
