import { useState } from 'preact/hooks';
import { FileButton } from '../../shared/file-button.tsx';
import { usePageFiles } from '../../shared/use-page-files.ts';
import { pictureOf } from '../picture-of.ts';
import { Problem } from '../ui/problem.tsx';
import { useCameraVideo } from '../use-camera-video.ts';
import { TriedImageCard } from './tried-image-card.tsx';
import { useTriedImages } from './use-tried-images.ts';

/** Classifies new images with the ensemble and each member, and shows where they find evidence. */
export function Try({ run }: { run: string }) {
  const { images, add } = useTriedImages(run);
  const [problem, setProblem] = useState<string>();
  const [hasCamera, setHasCamera] = useState(false);
  const take = (files: ReadonlyMap<string, File>) => {
    setProblem(undefined);
    add(files);
  };
  const isOver = usePageFiles({ onFiles: take, onProblem: setProblem });
  const isWaiting = images.some(({ outcome }) => outcome === undefined);
  return (
    <>
      <div class={isOver ? 'drop over' : 'drop'}>
        <div class="actions center">
          <FileButton label="Choose images" isMain onFiles={take} />
          <button type="button" aria-expanded={hasCamera} onClick={() => setHasCamera(!hasCamera)}>
            {hasCamera ? 'Close the camera' : 'Use the camera'}
          </button>
        </div>
        <p class="hint">or drop them on this page, or paste one. They go to the studio on this machine only.</p>
      </div>
      {hasCamera && (
        <Shutter
          onPicture={take}
          onEnd={(reason) => {
            setHasCamera(false);
            setProblem(reason);
          }}
        />
      )}
      <Problem message={problem} />
      <p role="status">
        {isWaiting ? 'Classifying … The first image takes longer, because the models are loaded.' : ''}
      </p>
      <ul class="tried">
        {images.map((image) => (
          <li key={image.id} class="panel">
            <TriedImageCard image={image} />
          </li>
        ))}
      </ul>
      {images.some(({ outcome }) => outcome !== undefined && 'answer' in outcome) && (
        <p class="hint">
          The colored maps are Grad-CAM: warm colors show where a network found evidence for the class that the ensemble
          answered. They show where, not why.
        </p>
      )}
    </>
  );
}

// --- internal ---

function Shutter({
  onPicture,
  onEnd,
}: {
  onPicture: (files: ReadonlyMap<string, File>) => void;
  /** The camera cannot be used, or no longer. */
  onEnd: (problem: string) => void;
}) {
  const { video, isPlaying } = useCameraVideo(onEnd);
  return (
    <div class="panel recorder">
      <video ref={video} playsInline muted aria-label="What the camera sees" />
      <div class="actions">
        <button
          type="button"
          class="main"
          disabled={!isPlaying}
          onClick={async () => {
            const file = await pictureOf(video.current!, 'camera');
            onPicture(new Map([[file.name, file]]));
          }}
        >
          Classify this picture
        </button>
      </div>
    </div>
  );
}
