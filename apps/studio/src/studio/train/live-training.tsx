import { displayName } from '@chorus/data/display-name';
import { count, percent, percentRange } from '@chorus/report/format';
import type { TrainingState } from '@chorus/studio-api/protocol';
import { useMemo } from 'preact/hooks';
import { reportAddress, studioApi } from '../server/studio-api.ts';
import { useAnswer } from '../server/use-answer.ts';
import { addressOf } from '../shell/route.ts';
import { useStudio } from '../studio.ts';
import { Problem } from '../ui/problem.tsx';
import { Scroll } from '../ui/scroll.tsx';
import { useAction } from '../ui/use-action.ts';
import { useNow } from '../ui/use-now.ts';
import { clock, fileSize } from '../words.ts';
import { Lanes } from './lanes.tsx';
import { MemberCard } from './member-card.tsx';
import { phaseOf } from './phase.ts';

/** A training while it runs, and what it did after its end. */
export function LiveTraining({
  run,
  dataSet,
  state,
  canStop,
}: {
  run: string;
  /** Null if the studio does not have the images. */
  dataSet: string | null;
  state: TrainingState;
  canStop: boolean;
}) {
  const { watch } = useStudio();
  const { isRunning, problem, start } = useAction();
  const { progress, downloads, members, end, data, notices, warnings, preset } = state;
  const now = useNow(end === null);
  const seconds = ((end === null ? now : state.updatedAtMs) - state.startedAtMs) / 1000;
  const cards = members.map((member, index) => (
    <Member key={member.name} member={member} color={index} hasEnded={end !== null} />
  ));
  const unfinished =
    end === null ? downloads.filter(({ bytes, totalBytes }) => totalBytes === null || bytes < totalBytes) : [];
  return (
    <>
      <section class="panel phase" aria-label="State of the training">
        <div>
          <p class="big" role="status">
            {phaseOf(state)}
          </p>
          <p class="hint">
            {[
              clock(Math.max(0, seconds)),
              preset?.reason && `preset ${preset.name} (${preset.reason})`,
              data && `${count(data.counts.training, 'training image')}, ${data.counts.test} for the test`,
            ]
              .filter(Boolean)
              .join(' · ')}
          </p>
        </div>
        {end === null ? (
          <button
            type="button"
            disabled={!canStop || isRunning || state.status === 'stopping'}
            onClick={() => start(() => studioApi.stop(run))}
          >
            Stop
          </button>
        ) : (
          end.outcome !== 'finished' &&
          end.canResume && (
            <button
              type="button"
              class="main"
              disabled={isRunning}
              onClick={() => start(async () => watch((await studioApi.resume(run)).run))}
            >
              Resume
            </button>
          )
        )}
        {progress !== null && <progress max={progress.total || 1} value={progress.done} aria-label={phaseOf(state)} />}
        {unfinished.map(({ name, bytes, totalBytes }) => (
          <p key={name} class="download">
            Downloading {displayName(name)}: {fileSize(bytes)}
            {totalBytes !== null && ` of ${fileSize(totalBytes)}`}
            <progress
              {...(totalBytes !== null && { max: totalBytes, value: bytes })}
              aria-label={`Download of ${name}`}
            />
          </p>
        ))}
      </section>
      <Problem message={problem} />
      {end !== null && <End run={run} dataSet={dataSet} end={end} />}
      {members.length > 0 && (
        <>
          {/* What the lanes of a killed run did is not recorded. */}
          {(end === null || state.lanes.some(({ spans }) => spans.length > 0)) && <Lanes state={state} />}
          <section aria-labelledby="members">
            <h2 id="members">Members</h2>
            <div class="members">{cards}</div>
          </section>
        </>
      )}
      {notices.length + warnings.length > 0 && (
        <section class="panel" aria-labelledby="notices">
          <h2 id="notices">Notices</h2>
          <ul class="notices">
            {notices.map((text, index) => (
              <li key={`${index} ${text}`}>{text}</li>
            ))}
            {warnings.map(({ task, text }, index) => (
              <li key={`${index} ${task} ${text}`}>
                {displayName(task)}: {text}
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

// --- internal ---

/** Drawn again only when an event changes the member. */
function Member({ member, color, hasEnded }: Parameters<typeof MemberCard>[0]) {
  return useMemo(() => <MemberCard member={member} color={color} hasEnded={hasEnded} />, [member, color, hasEnded]);
}

function End({ run, dataSet, end }: { run: string; dataSet: string | null; end: NonNullable<TrainingState['end']> }) {
  if (end.outcome === 'finished')
    return (
      <section class="panel end" aria-labelledby="end">
        <h2 id="end">
          The ensemble classifies {percent(end.accuracy)} of the test images correctly <TestInterval run={run} />
        </h2>
        {end.failedMembers.length > 0 && (
          <p class="problem">Without {end.failedMembers.map(displayName).join(', ')}, which did not finish.</p>
        )}
        <div class="actions">
          <a class="button main" href={addressOf({ view: 'run', run, part: 'result' })}>
            See the result
          </a>
          <a class="button" href={addressOf({ view: 'run', run, part: 'try' })}>
            Try it
          </a>
          <a class="button" href={reportAddress(run)} target="_blank" rel="noreferrer">
            Open the report
          </a>
        </div>
      </section>
    );
  return (
    <div
      class={end.outcome === 'failed' ? 'problem-box' : 'note'}
      role={end.outcome === 'failed' ? 'alert' : undefined}
    >
      <p>{end.message}</p>
      {end.outcome === 'failed' && end.bug !== null && (
        <Scroll label="Stack of the error">
          <pre>{end.bug}</pre>
        </Scroll>
      )}
      {!end.canResume && dataSet !== null && (
        <p>
          <a href={addressOf({ view: 'train', dataSet })}>Train again with other settings</a>
        </p>
      )}
    </div>
  );
}

function TestInterval({ run }: { run: string }) {
  const { answer } = useAnswer(`report of ${run}`, (signal) => studioApi.report(run, signal));
  const chosen = answer?.report.stackers.find((one) => one.chosen);
  return chosen === undefined ? null : <small>95 % interval {percentRange(chosen.test.wilson95)}</small>;
}
