import { useCallback, useState } from 'preact/hooks';

/** A request that a button starts: whether it runs, and why the last one failed. */
export interface Action {
  isRunning: boolean;
  problem: string | undefined;
  /** Does nothing while it runs. */
  start(work: () => Promise<unknown>): Promise<void>;
}

export function useAction(): Action {
  const [isRunning, setIsRunning] = useState(false);
  const [problem, setProblem] = useState<string>();
  const start = useCallback(
    async (work: () => Promise<unknown>) => {
      if (isRunning) return;
      setIsRunning(true);
      setProblem(undefined);
      try {
        await work();
      } catch (error) {
        setProblem((error as Error).message);
      } finally {
        setIsRunning(false);
      }
    },
    [isRunning],
  );
  return { isRunning, problem, start };
}
