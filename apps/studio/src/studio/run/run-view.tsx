import { displayName } from '@chorus/data/display-name';
import type { RunDetails } from '@chorus/studio-api/protocol';
import type { ContextType } from 'preact';
import { useContext, useEffect } from 'preact/hooks';
import { studioApi } from '../server/studio-api.ts';
import { useAnswer } from '../server/use-answer.ts';
import { Heading } from '../shell/heading.tsx';
import { addressOf, type RunPart, runParts } from '../shell/route.ts';
import { TrainingContext } from '../studio.ts';
import { LiveTraining } from '../train/live-training.tsx';
import { Problem } from '../ui/problem.tsx';
import { moment, presetOf } from '../words.ts';
import { Export } from './export.tsx';
import { Labels } from './labels.tsx';
import { Result } from './result.tsx';
import { Try } from './try.tsx';

const titles: Record<RunPart, string> = {
  result: 'Result',
  training: 'Training',
  labels: 'Labels',
  try: 'Try it',
  export: 'Export',
};

/** How often the state of a run is read that another process trains. */
const askAgainAfterMs = 3000;

/** One run: its training, its result, and what to do with it. */
export function RunView({ run, part }: { run: string; part: RunPart }) {
  const training = useContext(TrainingContext);
  const live = training?.run === run ? training : undefined;
  const {
    answer: details,
    problem,
    reload,
  } = useAnswer(`run ${run}`, (signal) => studioApi.run(run, signal), live && live.state?.end != null);
  const isForeign = details?.state === 'running' && !details.isOwn;
  useEffect(() => {
    if (!isForeign) return;
    const timer = setInterval(reload, askAgainAfterMs);
    return () => clearInterval(timer);
  }, [isForeign, reload]);

  const hasResult = details?.state === 'finished';
  // A run without a result has its training to show.
  const shown = part === 'result' && details !== undefined && !hasResult ? 'training' : part;
  return (
    <>
      <Heading title={displayName(run)} part={titles[shown]}>
        {details !== undefined && <p class="lead">{[presetOf(details), moment(details.startedAtMs)].join(' · ')}</p>}
      </Heading>
      {details !== undefined && (
        <nav class="views tabs" aria-label="Parts of the run">
          <ul>
            {runParts
              .filter((one) => hasResult || one === 'training')
              .map((one) => (
                <li key={one}>
                  <a
                    href={addressOf({ view: 'run', run, part: one })}
                    aria-current={one === shown ? 'page' : undefined}
                  >
                    {titles[one]}
                  </a>
                </li>
              ))}
          </ul>
        </nav>
      )}
      <Problem message={problem} onRetry={reload} />
      {details !== undefined && <Part shown={shown} details={details} live={live} />}
      {details !== undefined && !hasResult && shown !== 'training' && (
        <p class="empty">This run has no result{details.state === 'running' ? ' yet' : ''}.</p>
      )}
    </>
  );
}

// --- internal ---

function Part({
  shown,
  details,
  live,
}: {
  shown: RunPart;
  details: RunDetails;
  live: ContextType<typeof TrainingContext>;
}) {
  const { id: run } = details;
  if (shown === 'training')
    return (
      <>
        {live !== undefined && !live.isConnected && (
          <p class="problem-box" role="alert">
            The studio does not answer. This page connects again as soon as it does.
          </p>
        )}
        {details.state === 'running' && !details.isOwn && (
          <p class="note">Another process trains this run; it cannot be stopped from here.</p>
        )}
        <LiveTraining
          run={run}
          dataSet={details.dataSet}
          state={live?.state ?? details.training}
          canStop={details.isOwn}
        />
      </>
    );
  if (details.state !== 'finished') return null;
  switch (shown) {
    case 'result':
      return <Result run={run} />;
    case 'labels':
      return <Labels run={run} />;
    case 'try':
      return <Try run={run} />;
    case 'export':
      return <Export details={details} />;
  }
}
