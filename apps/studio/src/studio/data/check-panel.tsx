import { count, integer } from '@chorus/report/format';
import type { CheckState, DataSet } from '@chorus/studio-api/protocol';
import { useStudio } from '../studio.ts';
import { Problem } from '../ui/problem.tsx';
import { Scroll } from '../ui/scroll.tsx';
import { CheckFindings } from './check-findings.tsx';
import { PresetCosts } from './preset-costs.tsx';
import { useCheck } from './use-check.ts';

/** What is wrong with the data, and what training on it would cost. */
export function CheckPanel({ dataSet }: { dataSet: DataSet }) {
  const { workspace } = useStudio();
  const { state, problem, start, stop } = useCheck(dataSet);
  const isRunning = state?.status === 'running';
  const isTraining = workspace.activity?.kind === 'training';
  return (
    <aside class="panel check" aria-labelledby="check">
      <h2 id="check">Is the data good?</h2>
      {state?.status !== 'done' && !isRunning && (
        <p class="hint">
          The check opens every image, looks for copies and contradictions, and times a few training steps, so that you
          know what each preset costs.
        </p>
      )}
      <div class="actions">
        {isRunning ? (
          <button type="button" onClick={() => void stop()}>
            Stop the check
          </button>
        ) : (
          <button type="button" disabled={isTraining || dataSet.imageCount === 0} onClick={() => void start({})}>
            {state?.status === 'done' ? 'Check again' : 'Check the data'}
          </button>
        )}
      </div>
      {isTraining && <p class="hint">A training is running; it needs the processor.</p>}
      <Problem message={problem} />
      <p role="status">{state !== undefined && statusOf(state)}</p>
      {isRunning && state.phase === 'decoding' && state.total > 0 && (
        <progress max={state.total} value={state.done} aria-label="Check" />
      )}
      {state?.status === 'failed' && (
        <div class="problem-box" role="alert">
          <p>{state.message}</p>
          {state.bug !== null && (
            <Scroll label="Stack of the error">
              <pre>{state.bug}</pre>
            </Scroll>
          )}
        </div>
      )}
      {state?.status === 'done' && (
        <>
          <CheckFindings dataSet={dataSet.id} report={state.report} />
          <PresetCosts report={state.report} />
        </>
      )}
    </aside>
  );
}

// --- internal ---

/** Without numbers, which a screen reader would read again and again. */
function statusOf(state: CheckState): string {
  switch (state.status) {
    case 'running':
      return {
        preparing: 'Looking at the machine …',
        decoding: 'Opening the images …',
        timing: 'Timing training steps …',
      }[state.phase];
    case 'stopped':
      return 'The check was stopped.';
    case 'done': {
      if (!state.isCurrent) return 'The data has changed since this check.';
      const { problems, warnings, dataset } = state.report;
      const unusable = (dataset?.found ?? 0) - (dataset?.usable ?? 0);
      if (problems.length > 0) return `${count(problems.length, 'problem')} would prevent a training.`;
      const images = `${integer(dataset?.usable ?? 0)} usable images`;
      return unusable + warnings.length === 0
        ? `${images}: nothing is wrong.`
        : `${images}. Training is possible; ${count(warnings.length, 'thing')} to consider.`;
    }
    default:
      return '';
  }
}
