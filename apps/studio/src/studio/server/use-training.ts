/** The state of a training, from its events. */
import { applyEvent, type TrainingEvent, type TrainingState } from '@chorus/studio-api/protocol';
import { useEffect, useRef, useState } from 'preact/hooks';
import { eventsAddress } from './studio-api.ts';

export interface LiveTraining {
  run: string;
  /** Undefined until the first answer. */
  state: TrainingState | undefined;
  /** Whether events arrive; otherwise the page tries to connect again. */
  isConnected: boolean;
}

/** How long the page waits before it opens a stream again that the browser has given up. */
const reconnectAfterMs = 2000;

/**
 * Follows a training.
 *
 * @param run undefined if none runs.
 * @param attempt changes when a training has been started or resumed, whose run may be the same as before.
 * @param onEnd called once, after the state contains the end.
 */
export function useTraining(run: string | undefined, attempt: number, onEnd: () => void): LiveTraining | undefined {
  const [live, setLive] = useState<LiveTraining>();
  const latestOnEnd = useRef(onEnd);
  latestOnEnd.current = onEnd;
  useEffect(() => {
    if (run === undefined) return;
    let source: EventSource | undefined;
    let reconnect: ReturnType<typeof setTimeout> | undefined;
    let frame: number | undefined;
    let now: LiveTraining = { run, state: undefined, isConnected: true };
    // Events arrive more often than the screen is drawn.
    const update = (change: Partial<LiveTraining>) => {
      now = { ...now, ...change };
      frame ??= requestAnimationFrame(() => {
        frame = undefined;
        setLive(now);
      });
    };
    const receive = (state: TrainingState) => {
      update({ state, isConnected: true });
      if (state.end === null) return;
      source?.close();
      latestOnEnd.current();
    };
    const connect = () => {
      source = new EventSource(eventsAddress(run));
      source.addEventListener('snapshot', ({ data }) => receive(JSON.parse(data) as TrainingState));
      source.addEventListener('message', ({ data }) => {
        if (now.state !== undefined) receive(applyEvent(now.state, JSON.parse(data) as TrainingEvent));
      });
      source.addEventListener('error', () => {
        update({ isConnected: false });
        // Otherwise, the browser connects again by itself.
        if (source?.readyState === EventSource.CLOSED) reconnect = setTimeout(connect, reconnectAfterMs);
      });
    };
    setLive(now);
    connect();
    return () => {
      source?.close();
      clearTimeout(reconnect);
      if (frame !== undefined) cancelAnimationFrame(frame);
    };
  }, [run, attempt]);
  return live;
}
