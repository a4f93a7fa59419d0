import type { CheckState, DataSet, StartCheck } from '@chorus/studio-api/protocol';
import { useCallback, useEffect, useState } from 'preact/hooks';
import { studioApi } from '../server/studio-api.ts';

const askAgainAfterMs = 400;

/** The last check of a data set; a change of the data set makes it outdated. */
export function useCheck(dataSet: DataSet) {
  const { id } = dataSet;
  const [state, setState] = useState<CheckState>();
  const [problem, setProblem] = useState<string>();
  const [round, setRound] = useState(0);
  useEffect(() => {
    const left = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async () => {
      try {
        const answer = await studioApi.check(id, left.signal);
        setState(answer);
        if (answer.status === 'running') timer = setTimeout(ask, askAgainAfterMs);
      } catch (error) {
        if (!left.signal.aborted) setProblem((error as Error).message);
      }
    };
    void ask();
    return () => {
      left.abort();
      clearTimeout(timer);
    };
  }, [dataSet, round]);
  const after = useCallback(async (request: Promise<unknown>) => {
    setProblem(undefined);
    await request.catch((error: Error) => setProblem(error.message));
    setRound((earlier) => earlier + 1);
  }, []);
  return {
    ...{ state, problem },
    start: (request: StartCheck) => after(studioApi.startCheck(id, request)),
    stop: () => after(studioApi.stopCheck(id)),
  };
}
