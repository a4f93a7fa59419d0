import { join } from 'node:path';
import { Command } from 'commander';
import { stopSignal } from '../stop-signal.ts';
import { userPath } from '../user-folder.ts';

interface ExportFlags {
  bundle: string;
  format: string;
  out?: string;
  student: boolean;
}

export const exportCommand = new Command('export')
  .description('convert a bundle to models for plain tfjs and for Keras')
  .requiredOption('--bundle <folder>', 'the bundle of a run')
  .requiredOption(
    '--format <name>',
    'keras (weights and a script for Keras, and models for tfjs) or tfjs (only the latter)',
  )
  .option('--student', "export the bundle's student alone", false)
  .option(
    '--out <folder>',
    'output folder; only an earlier export is replaced (default: export-<format> beside the bundle; export-student-<format> for the student)',
  )
  .action(async (flags: ExportFlags) => {
    const { exportBundle } = await import('@chorus/orchestration');
    const { folder, description, byteCount } = await exportBundle(userPath(flags.bundle), flags.format, {
      ...(flags.out === undefined ? {} : { out: userPath(flags.out) }),
      student: flags.student,
      signal: stopSignal((cause) => console.error(`${cause}: stopping (a second signal exits at once)`)),
    });
    const { ensemble, members, student } = description;
    if (!student) console.log(`ensemble (${ensemble.stacker}): ${join(folder, ensemble.tfjs)}`);
    for (const { name, tfjs, keras } of members)
      for (const path of [tfjs, ...(keras?.weights ?? [])]) console.log(`${name}: ${join(folder, path)}`);
    console.log(`how to load them: ${join(folder, 'README.md')} (${(byteCount / 1e6).toFixed(1)} MB in all)`);
  });
