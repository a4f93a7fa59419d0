import type { RefObject } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { useCamera } from '../shared/use-camera.ts';

/**
 * The camera, which is on while the component is shown.
 *
 * @param onEnd receives why the camera cannot be used, or no longer.
 * @returns `video`: for the element that shows it; `isPlaying`: whether it has pictures.
 */
export function useCameraVideo(onEnd: (problem: string) => void): {
  video: RefObject<HTMLVideoElement | null>;
  isPlaying: boolean;
} {
  const video = useRef<HTMLVideoElement>(null);
  const [isPlaying, setIsPlaying] = useState(false);
  useCamera(true, video, {
    onPlay: async () => setIsPlaying(true),
    onEnd: (problem) => onEnd(problem ?? 'The camera has been disconnected.'),
  });
  return { video, isPlaying };
}
