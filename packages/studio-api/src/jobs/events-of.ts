/** The events of a run as the page receives them: often enough to look live, and no more. */
import type { RunObserver } from '@chorus/orchestration';
import type { PlannedTask, TrainingEvent } from '../protocol/training-events.ts';

/** Shortest time between two reports of the same progress. */
const quietMs = 150;

/** An observer of `train` that reports events. */
export function eventsOf(send: (event: TrainingEvent) => void): Partial<RunObserver> {
  const sentAtMs = new Map<string, number>();
  /** Whether progress is to be reported now; its end always is. */
  const isDue = (key: string, isLast: boolean) => {
    const nowMs = Date.now();
    if (!isLast && nowMs - (sentAtMs.get(key) ?? 0) < quietMs) return false;
    sentAtMs.set(key, nowMs);
    return true;
  };
  const now = () => ({ atMs: Date.now() });
  const progress = (kind: 'decode' | 'compare' | 'stacking') => (done: number, total: number) => {
    if (isDue(kind, done === total)) send({ ...now(), kind, done, total });
  };
  return {
    onStart({ devices, lanesReason, demo, tasks, experiment: { members } }) {
      const names = members.map(({ name }) => name);
      send({
        ...now(),
        kind: 'start',
        devices,
        lanesReason,
        demo,
        tasks: tasks.map((task) => plannedTask(task, names)),
      });
    },
    onSetup: ({ step, state }) => send({ ...now(), kind: 'setup', step, state }),
    onDownload(name, bytes, total) {
      const totalBytes = total ?? null;
      if (isDue(`download ${name}`, bytes === totalBytes))
        send({ ...now(), kind: 'download', name, bytes, totalBytes });
    },
    onNotice: (text) => send({ ...now(), kind: 'notice', text }),
    onDecode: progress('decode'),
    onCompare: progress('compare'),
    onDataset({ name, classes, counts, skipped, duplicates, found: { notices } }) {
      const [skippedCount, duplicateCount] = [skipped.length, duplicates.length];
      send({ ...now(), kind: 'data', data: { name, classes, counts, skippedCount, duplicateCount, notices } });
    },
    onMember: (task, state) => send({ ...now(), kind: 'task', task, state }),
    onStage: (task, stage) => send({ ...now(), kind: 'activity', task, activity: stage === 'done' ? null : stage }),
    onBatch(task, { stage: activity, epochIndex, stepIndex, stepCount, ...batch }) {
      if (!isDue(`batch ${task}`, false)) return;
      const loss = 'loss' in batch ? finite(batch.loss) : null;
      send({ ...now(), kind: 'batch', task, batch: { activity, epochIndex, stepIndex, stepCount, loss } });
    },
    onEpoch({ task, stage, epochIndex, startedAtMs, finishedAtMs, best, ...epoch }) {
      const numbers = {
        ...{ loss: finite(epoch.loss), tuneLoss: finite(epoch.tuneLoss) },
        ...{ tuneAccuracy: finite(epoch.tuneAccuracy), learningRate: finite(epoch.learningRate) },
      };
      send({
        ...now(),
        ...{ kind: 'epoch', task },
        epoch: { stage, epochIndex, startedAtMs, finishedAtMs, best, ...numbers },
      });
    },
    onContinue(task, { stage, next }) {
      const at = next === undefined ? '' : ` at epoch ${next.epochIndex + 1}, step ${next.stepIndex + 1}`;
      send({ ...now(), kind: 'notice', text: `${task} continues with the stage ${stage}${at}.` });
    },
    onWarning: (task, text) => send({ ...now(), kind: 'warning', task, text }),
    onStacking: progress('stacking'),
    onChoice: ({ chosen }) => send({ ...now(), kind: 'choice', stacker: chosen }),
  };
}

/** @param name of a task: that of its member, or followed by a fold or `features`. */
export function plannedTask(name: string, members: readonly string[]): PlannedTask {
  const member = members.find((one) => name === one || name.startsWith(`${one}/`)) ?? name.split('/')[0]!;
  return { name, member, kind: name === `${member}/features` ? 'features' : 'training' };
}

// --- internal ---

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
