import type { EpochMetrics, RunObserver } from '@chorus/orchestration';
import { countsLine } from '../print/counts-line.ts';
import { demoBox } from '../print/demo-box.ts';
import { duplicateLines } from '../print/duplicate-lines.ts';
import { printable } from '../print/printable.ts';
import { Activity } from './activity.ts';
import { datasetLines } from './dataset-lines.ts';
import { downloadLines } from './download-lines.ts';
import type { Progress } from './progress.ts';
import { continuesText, stageText } from './stage-names.ts';

/** Epochs of the head take milliseconds: one line per second and task is enough. */
const quietMs = 1000;

/** After this much silence a status line is printed, so that a long step does not look like a hang. */
const longestSilenceMs = 15_000;

/** Time, for tests to replace. */
export interface Clock {
  /** Milliseconds since any moment. */
  now(): number;
  /** Calls repeatedly; returns a function that stops it. */
  every(ms: number, call: () => void): () => void;
}

const systemClock: Clock = {
  now: () => performance.now(),
  every(ms, call) {
    // The timer must not keep the process alive.
    const timer = setInterval(call, ms).unref();
    return () => clearInterval(timer);
  },
};

/** Prints one line per event, and at least one every 20 seconds. */
export function lineProgress(print: (line: string) => void, clock = systemClock): Progress {
  const startedAtMs = clock.now();
  let printedAtMs = startedAtMs;
  const activity = new Activity();
  const write = (line: string) => {
    printedAtMs = clock.now();
    print(line);
  };
  const endTimer = clock.every(1000, () => {
    if (clock.now() - printedAtMs < longestSilenceMs) return;
    write(`${activity.describe()} (${Math.round((clock.now() - startedAtMs) / 1000)} s since the start)`);
  });
  const lastEpochAtMs = new Map<string, number>();
  const lastFifths = new Map<string, number>();
  let decodedTenths = -1;
  let comparedTenths = 0;
  let stackedFifths = 0;
  let hasStudent = false;
  const observer: Partial<RunObserver> = {
    ...downloadLines(write),
    onStart({ demo, devices, lanesReason, folder, experiment }) {
      hasStudent = experiment.student !== null;
      if (demo) write(demoBox());
      write(`run folder: ${folder}`);
      write(
        `lanes: ${devices.join(', ')} (${lanesReason}); members: ${experiment.members.map(({ name }) => name).join(', ')}`,
      );
    },
    onDecode(done, total) {
      activity.phase = `decoding: ${done} of ${total} images`;
      const tenths = Math.floor((10 * done) / total);
      if (tenths === decodedTenths) return;
      decodedTenths = tenths;
      if (tenths % 5 === 0) write(`decoded ${done} of ${total} images`);
    },
    onCompare(done, total) {
      activity.phase = `looking for copies of one picture: ${done} of ${total} images`;
      const tenths = Math.floor((10 * done) / total);
      // A small data set is compared at once: no line.
      if (tenths <= comparedTenths || tenths === 10) return;
      comparedTenths = tenths;
      if (tenths % 5 === 0) write(`compared ${done} of ${total} images`);
    },
    onDataset({ name, classes, counts, skipped, found, duplicates, duplicatesComplete }) {
      activity.phase = 'training';
      write(`${printable(name)}: ${classes.map(printable).join(', ')}; ${countsLine(counts)}`);
      for (const line of datasetLines({ skipped, found })) write(line);
      for (const line of duplicateLines({ duplicates, duplicatesComplete })) write(line);
    },
    onMember(name, state) {
      if (state.state === 'running') activity.start(name, state.device);
      else activity.end(name);
      if (state.state === 'running') write(`${name}: started on ${state.device}`);
      if (state.state === 'done') write(`${name}: done on ${state.device} in ${state.seconds.toFixed(1)} s`);
      if (state.state === 'kept') write(`${name}: already trained`);
      if (state.state === 'cached') write(`${name}: read from the cache of earlier runs`);
      if (state.state === 'skipped') write(`${name}: skipped: another fold of its member failed`);
      if (state.state === 'cut') write(`${name}: left out: the time budget has no time for it`);
      if (state.state !== 'failed') return;
      write(`${name}: failed: ${printable(state.reason)}`);
      if (state.bug !== null) console.error(state.bug);
    },
    onStage: (task, stage) => activity.stage(task, stage),
    // Epochs have lines of their own.
    onBatch(task, progress) {
      const { stage, stepIndex, stepCount } = progress;
      activity.batch(task, progress);
      const fifths = Math.floor((5 * (stepIndex + 1)) / stepCount);
      if (stage !== 'features' || fifths === lastFifths.get(task)) return;
      lastFifths.set(task, fifths);
      if (fifths > 0) write(`${task}: ${20 * fifths} % of the images`);
    },
    onEpoch(epoch) {
      const last = lastEpochAtMs.get(epoch.task) ?? 0;
      if (epoch.finishedAtMs - last < quietMs && epoch.stage === 'head') return;
      lastEpochAtMs.set(epoch.task, epoch.finishedAtMs);
      write(epochLine(epoch));
    },
    onContinue: (task, place) => write(`${task}: ${continuesText(place)}`),
    onWarning(task, message) {
      write(`${task}: warning: ${printable(message)}`);
    },
    onStacking(done, total) {
      activity.phase = `fitting stackers: ${done} of ${total} fits`;
      const fifths = Math.floor((5 * done) / total);
      if (done > 1 && fifths === stackedFifths) return;
      stackedFifths = fifths;
      write(`stackers: ${done} of ${total} fits`);
    },
    onChoice({ chosen }) {
      activity.phase = 'testing, and writing the bundle and the report';
      const next = hasStudent ? 'the student learns from it' : 'the test images are read';
      write(`chosen on out-of-fold predictions: ${chosen}; now ${next}`);
    },
  };
  return { observer, note: write, end: endTimer };
}

/** One epoch as a line of text. */
export function epochLine(epoch: EpochMetrics): string {
  const { task, stage, epochIndex, loss, tuneLoss, tuneAccuracy, best } = epoch;
  return `${task}: ${stageText(stage)}, epoch ${epochIndex + 1}: loss ${loss.toFixed(4)}, tune loss ${tuneLoss.toFixed(4)}, tune accuracy ${(100 * tuneAccuracy).toFixed(1)} %${best ? ' (best so far)' : ''}`;
}
