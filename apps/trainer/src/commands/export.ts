import { join } from 'node:path';
import type { CompactResult, ExportResult } from '@chorus/orchestration';
import { Command } from 'commander';
import { megabytes } from '../print/megabytes.ts';
import { stopSignal } from '../stop-signal.ts';
import { userPath } from '../user-folder.ts';

interface ExportFlags {
  bundle: string;
  format: string;
  quantize?: string;
  images?: string;
  out?: string;
  student: boolean;
}

export const exportCommand = new Command('export')
  .description('convert a bundle to models for plain tfjs, Keras and onnxruntime')
  .requiredOption('--bundle <folder>', 'the bundle of a run')
  .requiredOption(
    '--format <name>',
    'keras (weights and a script for Keras, and models for tfjs), tfjs (only the latter), onnx (graphs for onnxruntime) or bundle (a bundle with smaller weights; needs --quantize)',
  )
  .option('--quantize <type>', 'type of the weights of a bundle: float16 (half the bytes) or int8 (a quarter)')
  .option(
    '--images <folder>',
    'for --quantize int8: images like those to classify, on which the ranges of the networks are measured, so that onnxruntime computes with 8-bit integers, too',
  )
  .option('--student', "export the bundle's student alone", false)
  .option(
    '--out <folder>',
    'output folder; only an earlier export is replaced (default: export-<format> beside the bundle, or bundle-<type>; export-student-<format> or bundle-student-<type> for the student)',
  )
  .addHelpText(
    'after',
    '\nThe script of an export to keras also writes a SavedModel or a file for TensorFlow Lite, with TensorFlow in Python:\n  python keras/members.py savedmodel FOLDER\n  python keras/members.py tflite FILE.tflite',
  )
  .action(async ({ bundle, quantize, images, ...flags }: ExportFlags) => {
    const { compactBundle, ConfigError, exportBundle, exportFormats, formatAmong } = await import(
      '@chorus/orchestration'
    );
    const way = otherWays.get(flags.format);
    if (way !== undefined) throw new ConfigError(`--format ${flags.format}: ${way}`);
    const format = formatAmong([...exportFormats, 'bundle'], flags.format);
    const options = {
      ...(flags.out === undefined ? {} : { out: userPath(flags.out) }),
      student: flags.student,
      signal: stopSignal((cause) => console.error(`${cause}: stopping (a second signal exits at once)`)),
    };
    if (format === 'bundle') {
      if (quantize === undefined)
        throw new ConfigError(
          '--format bundle needs --quantize float16 or --quantize int8; the bundle as it is needs no export.',
        );
      printCompact(
        await compactBundle(userPath(bundle), quantize, {
          ...options,
          images: images === undefined ? undefined : userPath(images),
        }),
      );
    } else {
      if (images !== undefined) throw new ConfigError(`--images is for --format bundle, received --format ${format}.`);
      if (quantize !== undefined)
        throw new ConfigError(`--quantize is for --format bundle, received --format ${format}.`);
      printExport(await exportBundle(userPath(bundle), format, options));
    }
  });

// --- internal ---

/** How to export what is not a format of its own, by the name under which people look for it. */
const otherWays: ReadonlyMap<string, string> = new Map([
  ['tflite', 'use --format keras, then, in its folder: python keras/members.py tflite FILE.tflite'],
  ['savedmodel', 'use --format keras, then, in its folder: python keras/members.py savedmodel FOLDER'],
  ['student', 'add --student to another format, such as --format onnx --student.'],
]);

function printExport({ folder, description, byteCount }: ExportResult): void {
  const { ensemble, members, student } = description;
  const modelOf = ({ tfjs, onnx }: { tfjs?: string; onnx?: string }) => (tfjs ?? onnx)!;
  if (!student) console.log(`ensemble (${ensemble.stacker}): ${join(folder, modelOf(ensemble))}`);
  for (const { keras, ...member } of members)
    for (const path of [modelOf(member), ...(keras?.weights ?? [])])
      console.log(`${member.name}: ${join(folder, path)}`);
  console.log(`how to load them: ${join(folder, 'README.md')} (${megabytes(byteCount)} in all)`);
}

function printCompact({ folder, byteCount, originalByteCount, imageCount }: CompactResult): void {
  console.log(`bundle: ${folder} (weights: ${megabytes(byteCount)} instead of ${megabytes(originalByteCount)})`);
  if (imageCount !== undefined)
    console.log(
      `onnxruntime computes with 8-bit integers, in ranges measured on ${imageCount} ${imageCount === 1 ? 'image' : 'images'}`,
    );
  console.log(`measure what this changes: chorus evaluate --bundle ${folder} --data <folder>`);
}
