import { useEffect, useRef, useState } from 'preact/hooks';
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

  useEffect(() => {
    if (!runs) return;
    let isStopped = false;
    let stream: MediaStream | undefined;
    const run = async () => {
      // Only pages from https: and localhost have it.
      if (navigator.mediaDevices === undefined) throw new Error('the camera needs a page from https: or localhost');
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } });
      const element = video.current;
      if (isStopped || element === null) return;
      // Such as when it is unplugged.
      const [track] = stream.getVideoTracks();
      track?.addEventListener('ended', () => setIsOn(false));
      element.srcObject = stream;
      await element.play();
      while (!isStopped) {
        const found = await classify(await createImageBitmap(element));
        if (isStopped) return;
        setAnswer(found);
        // Lets the page draw between two frames.
        await new Promise(requestAnimationFrame);
      }
    };
    const stop = () => {
      isStopped = true;
      for (const track of stream?.getTracks() ?? []) track.stop();
    };
    setProblem(undefined);
    run()
      .catch((error: Error) => {
        if (isStopped) return;
        setProblem(`The camera cannot be used: ${error.message.replace(/\.$/, '')}.`);
        setIsOn(false);
      })
      // The stream may have started after the stop.
      .finally(() => isStopped && stop());
    return () => {
      stop();
      setAnswer(undefined);
    };
  }, [runs, classify]);

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
