import { useEffect, useRef, useState } from 'preact/hooks';
import { useCamera } from '../shared/use-camera.ts';
import { AnswerList } from './answer-list.tsx';
import type { Answer } from './classifier.worker.ts';
import type { PageClassifier } from './use-classifier.ts';

/** Classifies what the camera sees, one frame after another. */
export function Camera({ classify, isUsable }: Pick<PageClassifier, 'classify'> & { isUsable: boolean }) {
  const [isOn, setIsOn] = useState(false);
  const [answer, setAnswer] = useState<Answer>();
  const [problem, setProblem] = useState<string>();
  const video = useRef<HTMLVideoElement>(null);
  const runs = isOn && isUsable;

  useCamera(runs, video, {
    async onPlay(element, signal) {
      while (!signal.aborted) {
        const found = await classify(await createImageBitmap(element));
        if (signal.aborted) return;
        setAnswer(found);
        // Lets the page draw between two frames.
        await new Promise(requestAnimationFrame);
      }
    },
    onEnd(reason) {
      setProblem(reason);
      setIsOn(false);
    },
  });
  useEffect(() => {
    if (runs) setProblem(undefined);
    else setAnswer(undefined);
  }, [runs]);

  return (
    <section aria-labelledby="camera">
      <h2 id="camera">Camera</h2>
      <button type="button" aria-pressed={isOn} disabled={!isUsable} onClick={() => setIsOn(!isOn)}>
        {isOn ? 'Stop the camera' : 'Use the camera'}
      </button>
      {problem !== undefined && <p role="alert">{problem}</p>}
      {runs && (
        <figure class="card">
          <video ref={video} playsInline muted aria-label="What the camera sees" />
          <figcaption>{answer === undefined ? 'Starting …' : <AnswerList answer={answer} />}</figcaption>
        </figure>
      )}
    </section>
  );
}
