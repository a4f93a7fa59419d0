import { rm, writeFile } from 'node:fs/promises';
import { choosePreset, presetNames } from '@chorus/orchestration/presets';
import { systemErrorReason } from '@chorus/orchestration/system-error';
import { Command } from 'commander';
import { commandName } from '../print/command-name.ts';
import { configTemplate } from '../print/config-template.ts';
import { userPath } from '../user-folder.ts';

interface InitFlags {
  preset: string;
  data?: string;
}

export const initCommand = new Command('init')
  .description('write a commented config file, for train --config')
  .argument('[file]', 'the file to create, .ts; never overwritten', 'chorus.config.ts')
  .option('--preset <name>', `the preset it starts from: ${presetNames.join(', ')}`, 'auto')
  .option('--data <folder>', 'the images it trains on, as in train')
  .action(async (file: string, { preset, data }: InitFlags) => {
    const { ConfigError } = await import('@chorus/orchestration');
    // Throws if there is none of this name.
    if (preset !== 'auto') choosePreset(preset);
    if (!file.endsWith('.ts')) throw new ConfigError(`Expected a file that ends in .ts, received ${file}.`);
    const path = userPath(file);
    await writeFile(path, configTemplate({ file, preset, data }), { flag: 'wx' }).catch(
      async (error: NodeJS.ErrnoException) => {
        if (error.code === 'EEXIST')
          throw new ConfigError(
            `${path} exists already and is not overwritten; name another file: chorus init NAME.ts`,
          );
        // On a full disk, the file was created.
        await rm(path, { force: true }).catch(() => {});
        throw new ConfigError(`Cannot write ${path}: ${systemErrorReason(error)}.`);
      },
    );
    console.log(`${path}\ntrain with it: ${commandName} train --config ${file}`);
  });
