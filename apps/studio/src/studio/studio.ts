/** What all views share. */
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Uploads } from './data/use-uploads.ts';
import type { LiveTraining } from './server/use-training.ts';
import type { LoadedWorkspace } from './server/use-workspace.ts';

export interface Studio extends Pick<LoadedWorkspace, 'reload'> {
  workspace: NonNullable<LoadedWorkspace['workspace']>;
  uploads: Uploads;
  /** Shows a training that has just been started or resumed. */
  watch(run: string): Promise<void>;
}

/** The training that this studio runs, and after its end until another starts. It changes with every frame, unlike the rest. */
export const TrainingContext = createContext<LiveTraining | undefined>(undefined);

export const StudioContext = createContext<Studio | undefined>(undefined);

export function useStudio(): Studio {
  return useContext(StudioContext)!;
}
