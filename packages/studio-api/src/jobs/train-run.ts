/** Trains in a child process, and reports the events of the run. */
import { type RunObserver, type TrainOptions, train } from '@chorus/orchestration';
import { reportToSupervisor } from '@chorus/orchestration/supervisor';
import { writeRunReport } from '@chorus/report';
import { eventsOf } from './events-of.ts';
import { experimentOf } from './experiment-of.ts';
import type { JobContext, Jobs, TrainRequest } from './messages.ts';

/**
 * Trains or resumes a run, and writes its page.
 *
 * @throws as `train` of `@chorus/orchestration`.
 */
export async function trainRun(
  { folder, settings }: TrainRequest,
  { report: send, signal }: JobContext<'train'>,
): Promise<Jobs['train']['result']> {
  const supervision = reportToSupervisor();
  const events = eventsOf(send);
  const observer: Partial<RunObserver> = {
    ...events,
    onStart(run) {
      supervision.announce({ folder: run.folder, resume: [] });
      events.onStart?.(run);
    },
  };
  const { report } =
    settings === undefined
      ? await train({}, { resume: folder, observer, supervision, signal })
      : await trainNew(folder, settings, send, { observer, supervision, signal });
  try {
    await writeRunReport(folder);
  } catch (error) {
    const text = `The page of the report could not be written: ${(error as Error).message}`;
    send({ kind: 'notice', atMs: Date.now(), text });
  }
  return {
    accuracy: report.stackers.find(({ chosen }) => chosen)!.test.accuracy,
    failedMembers: report.members.filter(({ status }) => status === 'failed').map(({ name }) => name),
  };
}

// --- internal ---

async function trainNew(
  folder: string,
  settings: NonNullable<TrainRequest['settings']>,
  send: JobContext<'train'>['report'],
  options: Pick<TrainOptions, 'observer' | 'supervision' | 'signal'>,
) {
  const { experiment, preset } = await experimentOf(settings);
  if (preset !== undefined) send({ kind: 'preset', atMs: Date.now(), name: preset.name, reason: preset.reason });
  return train(experiment, { out: folder, preset: preset?.name ?? 'none', ...options });
}
