import { relative } from 'node:path';
import { Command } from 'commander';
import { comparison, removal, runTable } from '../print/runs.ts';
import { userFolder, userPath } from '../user-folder.ts';

const listCommand = new Command('list')
  .description('list run folders: name, preset, start, state, accuracy of the ensemble, size on the disk')
  .argument('[folder]', 'the folder that holds the run folders', 'runs')
  .option('--json', 'print one JSON array', false)
  .action(async (folder: string, { json }: { json: boolean }) => {
    const { listRuns } = await import('@chorus/orchestration');
    const runs = await listRuns(userPath(folder));
    if (json) console.log(JSON.stringify(runs));
    else console.log(runs.length === 0 ? `no runs in ${userPath(folder)}` : runTable(runs));
  });

const compareCommand = new Command('compare')
  .description('compare finished runs: their leaderboards, and the keys in which their experiments differ')
  .argument('<run>', 'a run folder')
  .argument('<other...>', 'one or more further run folders')
  .option('--json', 'print one JSON object', false)
  .action(async (first: string, others: string[], { json }: { json: boolean }) => {
    const { compareRuns } = await import('@chorus/orchestration');
    const compared = await compareRuns([first, ...others].map(userPath));
    console.log(json ? JSON.stringify(compared) : comparison(compared));
  });

const cleanCommand = new Command('clean')
  .description('remove run folders; without --yes, print what would be removed')
  .argument('[run...]', 'run folders (default: those in --from that failed, or stopped before a member was trained)')
  .option('--from <folder>', 'the folder that holds the run folders', 'runs')
  .option('--yes', 'remove them', false)
  .action(async (names: string[], { from, yes }: { from: string; yes: boolean }) => {
    const { ConfigError, describeRun, listRuns, removeRun } = await import('@chorus/orchestration');
    const named = names.length > 0;
    const found = named
      ? await Promise.all(names.map((name) => describeRun(userPath(name))))
      : (await listRuns(userPath(from))).filter(
          ({ state, memberCount }) => state === 'failed' || (state === 'stopped' && memberCount === 0),
        );
    console.log(removal(found, yes));
    const running = found.find(({ state }) => state === 'running');
    if (running !== undefined)
      throw new ConfigError(`${running.folder} is in use; nothing was removed. Wait for the run, or leave it out.`);
    if (!yes) return;
    for (const { folder } of found) {
      const left = await removeRun(folder);
      const shown = relative(userFolder(process.env, process.cwd()), folder);
      if (left.length > 0) console.log(`${shown}: files of no run stay: ${left.join(', ')}`);
    }
  });

export const runsCommand = new Command('runs')
  .description('list, compare and remove run folders')
  .addCommand(listCommand, { isDefault: true })
  .addCommand(compareCommand)
  .addCommand(cleanCommand);
