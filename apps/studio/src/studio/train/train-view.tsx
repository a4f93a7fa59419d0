import { displayName } from '@chorus/data/display-name';
import type { CheckState } from '@chorus/studio-api/protocol';
import { useState } from 'preact/hooks';
import { beforeTraining } from '../data/before-training.ts';
import { studioApi } from '../server/studio-api.ts';
import { useAnswer } from '../server/use-answer.ts';
import { Heading } from '../shell/heading.tsx';
import { addressOf } from '../shell/route.ts';
import { useStudio } from '../studio.ts';
import { Problem } from '../ui/problem.tsx';
import { useAction } from '../ui/use-action.ts';
import { PresetChoice } from './preset-choice.tsx';

/** Of the training that was started last, so that one whose settings were refused need not be described again. */
let last = { preset: 'auto', minutes: '', weights: 'auto', settings: '' };

/** Starts a training: on which images, with which preset, for how long. */
export function TrainView({ dataSet: named }: { dataSet?: string | undefined }) {
  const { workspace, watch } = useStudio();
  const { dataSets, activity } = workspace;
  const [chosen, setChosen] = useState(named ?? dataSets[0]?.id ?? '');
  const [preset, setPreset] = useState(last.preset);
  const [minutes, setMinutes] = useState(last.minutes);
  const [weights, setWeights] = useState(last.weights);
  const [settings, setSettings] = useState(last.settings);
  const [hasMore] = useState(weights !== 'auto' || settings !== '');
  const { isRunning, problem, start } = useAction();
  const { answer: check } = useAnswer<CheckState>(chosen, async (signal) =>
    chosen === '' ? { status: 'none' } : studioApi.check(chosen, signal),
  );
  const { answer: data, problem: dataProblem } = useAnswer(`data ${chosen}`, async (signal) =>
    chosen === '' ? undefined : studioApi.dataSet(chosen, signal),
  );
  const busyWith = activity?.kind === 'training' ? activity.run : undefined;
  if (dataSets.length === 0)
    return (
      <Heading title="Train">
        <p class="lead">There are no images to train on yet.</p>
        <a class="button main" href={addressOf({ view: 'data' })}>
          Choose images
        </a>
      </Heading>
    );
  return (
    <>
      <Heading title="Train">
        <p class="lead">
          Several networks learn from your images side by side; an ensemble of them is then tested on images that none
          of them has seen.
        </p>
      </Heading>
      {busyWith !== undefined && (
        <p class="note">
          A training is running.{' '}
          <a href={addressOf({ view: 'run', run: busyWith, part: 'training' })}>Watch {displayName(busyWith)}</a>
        </p>
      )}
      <form
        class="train-form"
        onSubmit={(event) => {
          event.preventDefault();
          last = { preset, minutes, weights, settings };
          void start(async () => {
            const lines = settings.split('\n').map((line) => line.trim());
            const { run } = await studioApi.startRun({
              dataSet: chosen,
              preset,
              // A setting below may name weights, too.
              ...(weights !== 'auto' && { weights }),
              ...(minutes !== '' && { timeBudgetSeconds: 60 * Number(minutes) }),
              settings: lines.filter((line) => line !== ''),
            });
            await watch(run);
          });
        }}
      >
        <label class="field">
          Images
          <select value={chosen} onChange={({ currentTarget }) => setChosen(currentTarget.value)}>
            {dataSets.every(({ id }) => id !== chosen) && <option value={chosen}>{displayName(chosen)}</option>}
            {dataSets.map(({ id, name }) => (
              <option key={id} value={id}>
                {displayName(name)}
              </option>
            ))}
          </select>
        </label>
        <Problem message={dataProblem} />
        {data !== undefined && data.problem !== null && (
          <p class="note">
            {beforeTraining(data)} <a href={addressOf({ view: 'data-set', dataSet: chosen })}>Add images</a>
          </p>
        )}
        <PresetChoice presets={workspace.presets} check={check} value={preset} onChange={setPreset} />
        <label class="field">
          Time budget in minutes
          <input
            type="number"
            min="0.5"
            step="any"
            placeholder="no limit"
            value={minutes}
            aria-describedby="time-hint"
            onInput={({ currentTarget }) => setMinutes(currentTarget.value)}
          />
          <span class="hint" id="time-hint">
            With a budget, Chorus first estimates which networks suit your images, and trains what fits into the time.
          </span>
        </label>
        <details open={hasMore}>
          <summary>More settings</summary>
          <label class="field">
            Initial weights
            <input type="text" value={weights} onInput={({ currentTarget }) => setWeights(currentTarget.value)} />
            <span class="hint">
              auto ({displayName(workspace.weights.source)}), imagenet, random, or a folder with weight files.
            </span>
          </label>
          <label class="field">
            Settings, one per line
            <textarea
              rows={4}
              spellcheck={false}
              placeholder="recipe.batchSize=16"
              value={settings}
              onInput={({ currentTarget }) => setSettings(currentTarget.value)}
            />
            <span class="hint">As chorus train takes them with --set.</span>
          </label>
        </details>
        <Problem message={problem} />
        <div class="actions">
          <button
            type="submit"
            class="main large"
            disabled={isRunning || busyWith !== undefined || data === undefined || data.problem !== null}
          >
            {isRunning ? 'Starting …' : 'Start training'}
          </button>
        </div>
      </form>
    </>
  );
}
