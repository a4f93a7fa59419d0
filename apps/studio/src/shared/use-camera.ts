import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

export interface CameraHandlers {
  /** Called when the element plays. @param signal aborts when the camera is switched off. */
  onPlay?: (video: HTMLVideoElement, signal: AbortSignal) => Promise<void>;
  /** The camera has stopped by itself. @param problem undefined if it was unplugged. */
  onEnd: (problem?: string) => void;
}

/** Shows the camera in an element while `isOn`. */
export function useCamera(isOn: boolean, video: RefObject<HTMLVideoElement | null>, handlers: CameraHandlers): void {
  const latest = useRef(handlers);
  latest.current = handlers;
  useEffect(() => {
    if (!isOn) return;
    const ended = new AbortController();
    const { signal } = ended;
    let stream: MediaStream | undefined;
    const run = async () => {
      // Only pages from https: and localhost have it.
      if (navigator.mediaDevices === undefined) throw new Error('the camera needs a page from https: or localhost');
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } });
      const element = video.current;
      if (signal.aborted || element === null) return;
      // Such as when it is unplugged.
      for (const track of stream.getVideoTracks()) track.addEventListener('ended', () => latest.current.onEnd());
      element.srcObject = stream;
      await element.play();
      if (!signal.aborted) await latest.current.onPlay?.(element, signal);
    };
    const stop = () => {
      ended.abort();
      for (const track of stream?.getTracks() ?? []) track.stop();
    };
    run()
      .catch((error: Error) => {
        if (!signal.aborted) latest.current.onEnd(`The camera cannot be used: ${error.message.replace(/\.$/, '')}.`);
      })
      // The stream may have started after the stop.
      .finally(() => signal.aborted && stop());
    return stop;
  }, [isOn, video]);
}
