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
  .description('convert a bundle to models for plain tfjs, Keras and onnxruntime')
  .requiredOption('--bundle <folder>', 'the bundle of a run')
  .requiredOption(
    '--format <name>',
    'keras (weights and a script for Keras, and models for tfjs), tfjs (only the latter) or onnx (graphs for onnxruntime)',
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
    const modelOf = ({ tfjs, onnx }: { tfjs?: string; onnx?: string }) => (tfjs ?? onnx)!;
    if (!student) console.log(`ensemble (${ensemble.stacker}): ${join(folder, modelOf(ensemble))}`);
    for (const { keras, ...member } of members)
      for (const path of [modelOf(member), ...(keras?.weights ?? [])])
        console.log(`${member.name}: ${join(folder, path)}`);
    console.log(`how to load them: ${join(folder, 'README.md')} (${(byteCount / 1e6).toFixed(1)} MB in all)`);
  });
