import { useEffect, useMemo } from 'preact/hooks';
import { AnswerList } from './answer-list.tsx';
import type { ClassifiedImage } from './use-images.ts';

/** Images with their answers, the latest first. */
export function ImageList({ images }: { images: readonly ClassifiedImage[] }) {
  return (
    <ul class="images">
      {images.map((image) => (
        <li key={image.id}>
          <ImageCard {...image} />
        </li>
      ))}
    </ul>
  );
}

function ImageCard({ file, outcome }: ClassifiedImage) {
  const url = useMemo(() => URL.createObjectURL(file), [file]);
  useEffect(() => () => URL.revokeObjectURL(url), [url]);
  const isUnreadable = outcome !== undefined && 'problem' in outcome;
  return (
    <figure class="card">
      {isUnreadable ? <div class="blank" /> : <img src={url} alt="" />}
      <figcaption>
        <p class="name">{file.name}</p>
        {outcome === undefined && <p class="hint">Classifying …</p>}
        {outcome !== undefined && 'answer' in outcome && <AnswerList answer={outcome.answer} />}
        {isUnreadable && <p class="problem">{outcome.problem}</p>}
      </figcaption>
    </figure>
  );
}
