import type { Workspace } from '@chorus/studio-api/protocol';
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { studioApi } from './studio-api.ts';

export interface LoadedWorkspace {
  workspace: Workspace | undefined;
  problem: string | undefined;
  /** Loads it again, after a request has changed it. */
  reload(): Promise<void>;
}

const retryAfterMs = 2000;

/** The workspace; while the server does not answer, the page asks again. */
export function useWorkspace(): LoadedWorkspace {
  const [workspace, setWorkspace] = useState<Workspace>();
  const [problem, setProblem] = useState<string>();
  const retry = useRef<ReturnType<typeof setTimeout>>(undefined);
  const reload = useCallback(async () => {
    clearTimeout(retry.current);
    try {
      setWorkspace(await studioApi.workspace());
      setProblem(undefined);
    } catch (error) {
      setProblem((error as Error).message);
      retry.current = setTimeout(() => void reload(), retryAfterMs);
    }
  }, []);
  useEffect(() => {
    void reload();
    // Another tab or program may have started something meanwhile.
    const look = () => void reload();
    addEventListener('focus', look);
    return () => {
      removeEventListener('focus', look);
      clearTimeout(retry.current);
    };
  }, [reload]);
  return { workspace, problem, reload };
}
