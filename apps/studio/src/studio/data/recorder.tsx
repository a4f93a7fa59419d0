import { useRef, useState } from 'preact/hooks';
import { pictureOf } from '../picture-of.ts';
import { useCameraVideo } from '../use-camera-video.ts';

/** Pictures a second while the button is held. */
const picturesPerSecond = 6;

/** Takes pictures of the camera: one at a time, or several a second while a button is held. */
export function Recorder({
  className,
  onPictures,
  onEnd,
}: {
  /** The class that the pictures go to. */
  className: string;
  onPictures: (files: ReadonlyMap<string, File>) => void;
  /** The camera cannot be used, or no longer. */
  onEnd: (problem: string) => void;
}) {
  const { video, isPlaying } = useCameraVideo(onEnd);
  const [isHeld, setIsHeld] = useState(false);
  const held = useRef(false);

  const take = async () => {
    // The moment in the name keeps pictures of several recordings apart.
    const file = await pictureOf(video.current!, `camera-${new Date().toISOString().replace(/[:.]/g, '-')}`);
    onPictures(new Map([[file.name, file]]));
  };
  const record = async () => {
    if (held.current) return;
    held.current = true;
    setIsHeld(true);
    while (held.current && video.current !== null) {
      await take();
      await new Promise((resolve) => setTimeout(resolve, 1000 / picturesPerSecond));
    }
  };
  const release = () => {
    held.current = false;
    setIsHeld(false);
  };

  return (
    <div class="recorder">
      <video ref={video} playsInline muted aria-label={`Camera for ${className}`} />
      <div class="actions">
        <button
          type="button"
          class={isHeld ? 'main held' : 'main'}
          disabled={!isPlaying}
          // For a finger that rests on it, the browser would open a menu.
          onContextMenu={(event) => event.preventDefault()}
          onPointerDown={(event) => {
            event.currentTarget.setPointerCapture(event.pointerId);
            void record();
          }}
          onPointerUp={release}
          onPointerCancel={release}
          onKeyDown={({ key }) => (key === ' ' || key === 'Enter') && void record()}
          onKeyUp={release}
          onBlur={release}
        >
          {isHeld ? 'Recording …' : 'Hold to record'}
        </button>
        <button type="button" disabled={!isPlaying} onClick={() => void take()}>
          Take one picture
        </button>
      </div>
      <p class="hint">Turn and move the object between pictures: pictures that look the same teach nothing new.</p>
    </div>
  );
}
