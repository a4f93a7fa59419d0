/** The state of a training that this studio has not started, from the files of its folder. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { foldName } from '@chorus/data';
import { type PastRun, type Report, readMetrics, readPlan, type StoredEpoch } from '@chorus/orchestration';
import { StorageError } from '@chorus/storage';
import { plannedTask } from '../jobs/events-of.ts';
import type { Epoch, TrainingEnd, TrainingEvent } from '../protocol/training-events.ts';
import { applyEvent, initialTrainingState, type TrainingState } from '../protocol/training-state.ts';

/**
 * Reads what is known of a training: its tasks, epochs, and how it ended. The times of the lanes are those of its report.
 *
 * @param report of a finished run; undefined if it has none.
 */
export async function readPastTraining(run: PastRun, report: Report | undefined): Promise<TrainingState> {
  const startedAtMs = run.startedAt.getTime();
  const epochs = await readMetrics(join(run.folder, 'metrics.jsonl')).catch(() => []);
  const plan = await planOfTraining(run.folder);
  const tasks = plan?.tasks ?? [...new Set(epochs.map(({ task }) => task))];
  const members = plan?.members ?? [...new Set(epochs.map(({ member }) => member))];
  const events: TrainingEvent[] = [
    {
      ...{ kind: 'start', atMs: startedAtMs, devices: plan?.devices ?? [], lanesReason: plan?.reason ?? '' },
      ...{ demo: report?.demo ?? false, tasks: tasks.map((task) => plannedTask(task, members)) },
    },
    ...epochs.map((epoch): TrainingEvent => {
      const stored = epochOf(epoch, startedAtMs);
      return { kind: 'epoch', atMs: stored.finishedAtMs, task: epoch.task, epoch: stored };
    }),
  ];
  const state = events.reduce(applyEvent, initialTrainingState(startedAtMs));
  const atMs = Math.max(state.updatedAtMs, startedAtMs + 1000 * (report?.seconds.total ?? 0));
  const end = endOf(run, report);
  const known = withReport({ ...state, preset: { name: run.preset, reason: '' } }, report, {
    startedAtMs,
    trained: plan?.trained,
  });
  return end === undefined ? known : applyEvent(known, { kind: 'end', atMs, end });
}

// --- internal ---

interface PlanOfTraining {
  devices: string[];
  reason: string;
  members: string[];
  tasks: string[];
  /** Trainings whose model is in the folder. */
  trained: ReadonlySet<string>;
}

/** @returns undefined for a run that stopped before it was planned, or of another version. */
async function planOfTraining(folder: string): Promise<PlanOfTraining | undefined> {
  const plan = await readPlan(join(folder, 'plan.json')).catch((error: unknown) => {
    if (error instanceof StorageError) return undefined;
    throw error;
  });
  if (plan === undefined) return undefined;
  const { lanes, reason, student } = plan;
  const members = [...plan.members, ...(student === undefined ? [] : [student])];
  return {
    devices: lanes.map(({ device }) => device),
    reason,
    members: members.map(({ plan }) => plan.name),
    trained: new Set(
      members.flatMap(({ plan, trainings }) =>
        trainings
          .filter(({ fold }) => existsSync(join(folder, 'members', plan.name, foldName(fold), 'member.json')))
          .map(({ name }) => name),
      ),
    ),
    tasks: members.flatMap(({ featuresTask, trainings }) => [
      ...(featuresTask ? [featuresTask.name] : []),
      ...trainings.map(({ name }) => name),
    ]),
  };
}

/** Earlier versions did not store all times. */
function epochOf({ startedAtMs, finishedAtMs, ...epoch }: StoredEpoch, runStartedAtMs: number): Epoch {
  const { epochIndex, loss, tuneLoss, tuneAccuracy, learningRate, best } = epoch;
  return {
    ...{ epochIndex, loss, tuneLoss, tuneAccuracy, learningRate, best },
    // Whatever a version called its stages.
    stage: epoch.stage as Epoch['stage'],
    startedAtMs: startedAtMs ?? runStartedAtMs,
    finishedAtMs: finishedAtMs ?? runStartedAtMs,
  };
}

function withReport(
  state: TrainingState,
  report: Report | undefined,
  { startedAtMs, trained }: { startedAtMs: number; trained: PlanOfTraining['trained'] | undefined },
): TrainingState {
  const members = state.members.map((member) => {
    const reported = [...(report?.members ?? []), ...(report?.student ? [report.student] : [])].find(
      ({ name }) => name === member.name,
    );
    return {
      ...member,
      tasks: member.tasks.map((task) => ({
        ...task,
        status: reported?.status ?? (trained?.has(task.name) ? 'kept' : task.status),
        reason: reported?.reason ?? null,
      })),
    };
  });
  if (report === undefined) return { ...state, members };
  return {
    ...{ ...state, members, demo: report.demo },
    stacker: report.stackers.find(({ chosen }) => chosen)?.kind ?? null,
    lanes: report.lanes.map(({ device, spans = [] }) => ({
      device,
      spans: spans.map(({ task, fromSeconds, toSeconds }) => ({
        task,
        fromMs: startedAtMs + 1000 * fromSeconds,
        toMs: startedAtMs + 1000 * toSeconds,
      })),
    })),
  };
}

/** @returns undefined for a run that another process trains. */
function endOf({ state, accuracy }: PastRun, report: Report | undefined): TrainingEnd | undefined {
  if (state === 'running') return undefined;
  if (state === 'finished' && accuracy !== null) {
    const failed = report?.members.filter(({ status }) => status === 'failed') ?? [];
    return { outcome: 'finished', accuracy, failedMembers: failed.map(({ name }) => name) };
  }
  if (state === 'stopped')
    return { outcome: 'stopped', message: 'The run was stopped; it can be resumed.', canResume: true };
  const message =
    state === 'failed' ? 'Too few members finished for an ensemble.' : 'The report cannot be read by this version.';
  return { outcome: 'failed', message, bug: null, canResume: false };
}
