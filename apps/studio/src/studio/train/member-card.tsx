import { displayName } from '@chorus/data/display-name';
import { duration, number, percent } from '@chorus/report/format';
import { type MemberProgress, memberStatus, type TaskState } from '@chorus/studio-api/protocol';
import { useId } from 'preact/hooks';
import { LineChart } from '../charts/line-chart.tsx';
import { Scroll } from '../ui/scroll.tsx';
import { pointsOf, runningPoint, type Training, trainingsOf } from './curves.ts';

const words = {
  waiting: 'waiting',
  unfinished: 'not finished',
  running: 'training',
  done: 'done',
  kept: 'done before',
  cached: 'from the cache',
  failed: 'failed',
  skipped: 'skipped',
  cut: 'left out: no time for it',
} as const;

/** A member while it trains: what it does, and its learning curves. */
export function MemberCard({
  member,
  color,
  hasEnded,
}: {
  member: MemberProgress;
  color: number;
  /** Whether the training has ended. */
  hasEnded: boolean;
}) {
  const id = useId();
  const known = memberStatus(member);
  const status = hasEnded && (known === 'waiting' || known === 'running') ? 'unfinished' : known;
  const running = member.tasks.find((task) => task.status === 'running');
  const failed = member.tasks.find((task) => task.status === 'failed');
  const trainings = trainingsOf(member);
  const seconds = member.tasks.reduce((sum, task) => sum + (task.seconds ?? 0), 0);
  return (
    <section class="panel member" aria-labelledby={id}>
      <header>
        <h3 id={id}>
          <i class={`swatch series-${color % 8}`} aria-hidden="true" />
          {displayName(member.name)}
        </h3>
        <span class={`badge ${status}`}>{words[status]}</span>
      </header>
      <p class="hint">{running === undefined ? restOf(status, seconds) : activityOf(running, member.tasks)}</p>
      {running !== undefined && <TaskProgress task={running} name={member.name} />}
      {failed?.reason && <p class="problem">{failed.reason}</p>}
      {trainings.length > 0 ? <Curves trainings={trainings} /> : <p class="no-curves">No epoch yet</p>}
    </section>
  );
}

// --- internal ---

function Curves({ trainings }: { trainings: readonly Training[] }) {
  const [main, ...folds] = trainings;
  const { epochs, stages } = main!;
  const point = runningPoint(main!);
  const marks = stages.length < 2 ? [] : stages.map(({ name, x }) => ({ x, text: name }));
  const xEnd = Math.max(...trainings.map((one) => one.epochs.length + (one.task.batch === null ? 0 : 1)));
  const shared = { marks, xEnd, xTitle: 'epoch' };
  const last = epochs.at(-1);
  return (
    <>
      <div class="curves">
        <LineChart
          title="Loss"
          series={[
            { name: 'fit', kind: 'fit', points: pointsOf(main!, 'loss') },
            { name: 'tune', kind: 'tune', points: pointsOf(main!, 'tuneLoss') },
          ]}
          faint={folds.map((fold) => pointsOf(fold, 'tuneLoss'))}
          {...(point && { point })}
          format={String}
          {...shared}
        />
        <LineChart
          title="Accuracy"
          series={[{ name: 'tune', kind: 'tune', points: pointsOf(main!, 'tuneAccuracy') }]}
          faint={folds.map((fold) => pointsOf(fold, 'tuneAccuracy'))}
          yRange={[0, 1]}
          format={(value) => percent(value, 0)}
          {...shared}
        />
      </div>
      {last !== undefined && (
        <p class="figures">
          Epoch {last.x}: loss {number(last.loss)} fit, {number(last.tuneLoss)} tune; accuracy{' '}
          {percent(last.tuneAccuracy)}
        </p>
      )}
      <details>
        <summary>Numbers</summary>
        <Scroll label="Numbers of the curves">
          <table>
            <thead>
              <tr>
                <th scope="col">Epoch</th>
                <th scope="col">Stage</th>
                <th scope="col">Loss, fit</th>
                <th scope="col">Loss, tune</th>
                <th scope="col">Accuracy, tune</th>
              </tr>
            </thead>
            <tbody>
              {epochs.map((epoch) => (
                <tr key={epoch.x}>
                  <th scope="row">{epoch.x}</th>
                  <td>{epoch.stage}</td>
                  <td>{number(epoch.loss)}</td>
                  <td>{number(epoch.tuneLoss)}</td>
                  <td>{percent(epoch.tuneAccuracy)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      </details>
    </>
  );
}

function TaskProgress({ task: { batch }, name }: { task: TaskState; name: string }) {
  return (
    <progress
      max={1}
      value={batch === null || batch.stepCount === 0 ? 0 : (batch.stepIndex + 1) / batch.stepCount}
      aria-label={`Progress of ${displayName(name)}`}
    />
  );
}

function activityOf({ name, activity, batch, device }: TaskState, tasks: readonly TaskState[]): string {
  const what =
    activity === 'features'
      ? 'computing features'
      : activity === 'predict'
        ? 'predicting'
        : activity === null
          ? 'starting'
          : `stage ${activity}${batch === null ? '' : `, epoch ${batch.epochIndex + 1}`}`;
  const trainings = tasks.filter(({ kind }) => kind === 'training');
  const index = trainings.findIndex((task) => task.name === name);
  const which = trainings.length > 1 && index >= 0 ? `, training ${index + 1} of ${trainings.length}` : '';
  return `On ${device ?? 'a device'}: ${what}${which}`;
}

function restOf(status: keyof typeof words, seconds: number): string {
  // Also between two of its tasks.
  if (status === 'waiting' || status === 'running') return 'Waits for a free lane';
  return seconds > 0 ? `Took ${duration(seconds)}` : ' ';
}
