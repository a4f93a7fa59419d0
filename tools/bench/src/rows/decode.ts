import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { compare, type Goal } from '../comparison.ts';
import type { Contestant } from '../contestants/contestant-process.ts';
import type { DecodeTask, DecodeWay } from '../contestants/decode-task.ts';
import { nodeCommand, scriptsFolder } from '../contestants/peers.ts';
import type { Measurement } from '../measurement.ts';
import { drawPhotographs } from '../photographs.ts';
import { pairedRounds } from '../rounds/paired-rounds.ts';
import { measurementOf } from '../rounds/rounds.ts';
import type { CaseResult, Row, RowOptions } from '../row.ts';

interface DecodeCase {
  name: string;
  width: number;
  height: number;
  /** Number of distinct files, and how often a step decodes each. */
  files: { whole: number; quick: number };
  repeats: number;
  /** Whether the files are large enough for `shrinkOnLoad`. */
  shrinks: boolean;
}

/** For the comparison of Chorus with `shrinkOnLoad` with tf.data at full size and DataLoader. */
const goals: readonly Goal[] = [{ bound: 'at least', ratio: 1 }];

const inputSize = 224;

const cases: readonly DecodeCase[] = [
  { name: 'small', width: 500, height: 375, files: { whole: 64, quick: 16 }, repeats: 4, shrinks: false },
  {
    name: 'camera-size',
    width: 4000,
    height: 3000,
    files: { whole: 6, quick: 2 },
    repeats: 2,
    shrinks: true,
  },
];

export const decode: Row = {
  name: 'decode',
  title: `JPEG files to squares of ${inputSize} px in memory, all processors`,
  roundCount: { whole: 5, quick: 1 },
  minutes: { whole: 5, quick: 1 },
  async *measure(options) {
    const python = await options.python();
    for (const one of cases) yield await decodeCase(one, python, options);
  },
};

// --- internal ---

async function decodeCase(
  { name, width, height, files, repeats, shrinks }: DecodeCase,
  python: string,
  { quick, roundCount, folder, onProgress }: RowOptions,
): Promise<CaseResult> {
  const count = quick ? files.quick : files.whole;
  onProgress(`${name}: drawing ${count} photographs of ${width} × ${height}`);
  const drawn = await drawPhotographs(join(folder, name), { count, width, height, seed: 1 });
  const paths = Array.from({ length: repeats }, () => drawn).flat();
  const task: DecodeTask = { paths, inputSize, threads: availableParallelism() };
  const turns = { roundSeconds: quick ? 0.3 : 1, onProgress: (words: string) => onProgress(`${name}: ${words}`) };
  const ours = inNode('Chorus', task, 'chorus');
  const shrinking = shrinks ? [inNode('Chorus, shrinkOnLoad', task, 'chorus-shrinking')] : [];
  const sharp = inNode('plain sharp', task, 'sharp');
  const peers = [
    tfData(python, task, true),
    dataLoader(python, task, 'pillow'),
    ...(quick ? [] : [tfData(python, task, false), dataLoader(python, task, 'torchvision.io')]),
  ];
  const scaling = [...(shrinks ? [tfData(python, task, true, 4)] : []), sharp];
  const rounds = await pairedRounds([ours, ...shrinking, ...peers, ...scaling], [], { ...turns, roundCount });
  const measured = (one: Contestant) => measurementOf(rounds, one.name, 'step');
  const speeds = (one: Contestant, others: readonly Contestant[], bounds: readonly Goal[] = []) =>
    others.map((other) => compare('speed', measured(one), measured(other), bounds));
  return {
    title: `${name}, ${width} × ${height}, a file`,
    contestants: rounds.prepared,
    measurements: rounds.measurements.map((one) => (one.quantity === 'step' ? perFile(one, paths.length) : one)),
    comparisons: [
      ...speeds(ours, [...peers, ...scaling]),
      ...shrinking.flatMap((one) => [...speeds(one, peers, goals), ...speeds(one, [ours, ...scaling])]),
    ],
    remarks: [
      'Chorus and DataLoader with Pillow produce bit-equal pixels. Plain sharp is the fastest use of sharp: it shrinks JPEGs while decoding, with a different filter. tf.data without antialias reads four pixels for each output pixel.',
      ...(shrinks
        ? [
            'Chorus with shrinkOnLoad lets libjpeg divide both sides by 4, as tf.data does with ratio 4; the other contestants but plain sharp decode at full size.',
          ]
        : []),
      'The memory of DataLoader is that of its main process, without its workers.',
    ],
  };
}

/** Converts the seconds of a step to milliseconds per file. */
function perFile({ contestant, samples }: Measurement, fileCount: number): Measurement {
  return {
    contestant,
    quantity: 'decode',
    unit: 'ms',
    samples: samples.map((seconds) => (1000 * seconds) / fileCount),
  };
}

function inNode(name: string, task: DecodeTask, way: DecodeWay): Contestant {
  return { name, command: nodeCommand('decode'), task: { ...task, way } };
}

/** @param ratio the divisor by which libjpeg scales both sides. */
function tfData(python: string, task: DecodeTask, antialias: boolean, ratio: 1 | 4 = 1): Contestant {
  return {
    name: `tf.data${antialias ? ', antialias' : ''}${ratio === 1 ? '' : `, ratio ${ratio}`}`,
    command: [python, join(scriptsFolder, 'tf_data_peer.py')],
    task: { ...task, variant: { antialias, ratio } },
  };
}

function dataLoader(python: string, task: DecodeTask, decoder: 'pillow' | 'torchvision.io'): Contestant {
  return {
    name: `DataLoader, ${decoder}`,
    command: [python, join(scriptsFolder, 'torchvision_peer.py')],
    task: { ...task, variant: { decoder } },
  };
}
