import { Command } from 'commander';
import { userPath } from '../user-folder.ts';

interface ReportFlags {
  data?: string;
  out?: string;
}

export const reportCommand = new Command('report')
  .description('write the page of a finished run, report.html, and its MODEL_CARD.md; of several runs, a comparison')
  .argument('<run...>', 'run folders')
  .option('--data <folder>', "the run's images, if they have been moved")
  .option('--out <file>', 'of several runs: the page to write, .html (default: comparison.html)')
  .action(async (names: string[], { data, out }: ReportFlags) => {
    const [{ ConfigError }, { writeComparison, writeRunReport }] = await Promise.all([
      import('@chorus/orchestration'),
      import('@chorus/report'),
    ]);
    const runs = names.map(userPath);
    if (runs.length === 1) {
      if (out !== undefined)
        throw new ConfigError('Expected several runs with --out; the page of one run is written into its folder.');
      const { page, modelCard } = await writeRunReport(runs[0]!, data === undefined ? {} : { data: userPath(data) });
      console.log(page);
      if (modelCard !== null) console.log(modelCard);
      return;
    }
    if (data !== undefined) throw new ConfigError('Expected one run with --data; a comparison shows no pictures.');
    const path = userPath(out ?? 'comparison.html');
    await writeComparison(runs, path);
    console.log(path);
  });
