import { displayName } from '@chorus/data/display-name';
import { percent } from '@chorus/report/format';
import type { ClassifiedImage, HeatMap } from '@chorus/studio-api/protocol';
import { useEffect, useMemo } from 'preact/hooks';
import { ClassProbabilities } from '../../shared/class-probabilities.tsx';
import type { TriedImage } from './use-tried-images.ts';

/** Most classes that are listed. */
const topCount = 5;

/** An image with what the ensemble and its members answered. */
export function TriedImageCard({ image: { file, outcome } }: { image: TriedImage }) {
  const url = useMemo(() => URL.createObjectURL(file), [file]);
  useEffect(() => () => URL.revokeObjectURL(url), [url]);
  const name = displayName(file.name);
  const isUnreadable = outcome !== undefined && 'problem' in outcome;
  return (
    <article class="tried-image" aria-label={name}>
      {isUnreadable ? <span class="picture missing">No picture</span> : <img class="picture" src={url} alt={name} />}
      <div class="answers">
        <p class="name">{name}</p>
        {outcome === undefined && <p class="hint">Classifying …</p>}
        {isUnreadable && <p class="problem">{outcome.problem}</p>}
        {outcome !== undefined && 'answer' in outcome && <Answers answer={outcome.answer} />}
      </div>
    </article>
  );
}

// --- internal ---

function Answers({ answer }: { answer: ClassifiedImage }) {
  const { classes, predicted, ensemble, members } = answer;
  const index = classes.indexOf(predicted);
  const ranked = classes
    .map((label, at) => ({ label: displayName(label), probability: ensemble.probabilities[at]! }))
    .toSorted((a, b) => b.probability - a.probability);
  const opinions = [{ name: 'ensemble', ...ensemble }, ...members];
  return (
    <>
      <ClassProbabilities classes={ranked.slice(0, topCount)} />
      <ul class="opinions">
        {opinions.map(({ name, probabilities, heatMap }, at) => (
          <li key={name} class={at === 0 ? 'main' : undefined}>
            <Evidence map={heatMap} text={`Evidence for ${displayName(predicted)} by ${displayName(name)}`} />
            <span class="who">{displayName(name)}</span>
            <span class="what">
              {displayName(predicted)} {percent(probabilities[index])}
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}

function Evidence({ map, text }: { map: HeatMap | null; text: string }) {
  if (map === null) return <span class="picture missing">No map</span>;
  return <img class="picture" src={map.url} width={map.width} height={map.height} alt={text} />;
}
