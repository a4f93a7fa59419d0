import { useCallback, useEffect, useState } from 'preact/hooks';

export interface Loaded<Answer> {
  /** Undefined until the first answer; while it is loaded again, the earlier one. */
  answer: Answer | undefined;
  problem: string | undefined;
  reload(): void;
  /** Replaces the answer, such as by that of a request that has changed it. */
  set(answer: Answer): void;
}

/**
 * Loads what a view shows.
 *
 * @param key of what is loaded: when it changes, the earlier answer is dropped.
 * @param version when it changes, the same is loaded again.
 */
export function useAnswer<Answer>(
  key: string,
  load: (signal: AbortSignal) => Promise<Answer>,
  version: unknown = undefined,
): Loaded<Answer> {
  const [state, setState] = useState<{ key: string; answer?: Answer; problem?: string }>({ key });
  const [round, setRound] = useState(0);
  // The key stands for the function.
  useEffect(() => {
    const left = new AbortController();
    load(left.signal).then(
      (answer) => !left.signal.aborted && setState({ key, answer }),
      (error: Error) =>
        !left.signal.aborted &&
        setState((earlier) => ({ ...(earlier.key === key ? earlier : {}), key, problem: error.message })),
    );
    return () => left.abort();
  }, [key, version, round]);
  const reload = useCallback(() => setRound((earlier) => earlier + 1), []);
  const set = useCallback((answer: Answer) => setState({ key, answer }), [key]);
  const isCurrent = state.key === key;
  return {
    answer: isCurrent ? state.answer : undefined,
    problem: isCurrent ? state.problem : undefined,
    ...{ reload, set },
  };
}
