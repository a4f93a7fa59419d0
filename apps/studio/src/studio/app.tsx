import { useCallback, useEffect, useMemo, useState } from 'preact/hooks';
import { ClassView } from './data/class-view.tsx';
import { DataSetView } from './data/data-set-view.tsx';
import { DataSetsView } from './data/data-sets-view.tsx';
import { useUploads } from './data/use-uploads.ts';
import { RunView } from './run/run-view.tsx';
import { CompareView } from './runs/compare-view.tsx';
import { RunsView } from './runs/runs-view.tsx';
import { useTraining } from './server/use-training.ts';
import { useWorkspace } from './server/use-workspace.ts';
import { addressOf, goTo, type Route, useRoute } from './shell/route.ts';
import { TopBar } from './shell/top-bar.tsx';
import { StudioContext, TrainingContext } from './studio.ts';
import { TrainView } from './train/train-view.tsx';
import { Problem } from './ui/problem.tsx';

export function App() {
  const route = useRoute();
  const { workspace, problem, reload } = useWorkspace();
  const uploads = useUploads();
  const activity = workspace?.activity;
  const [attempt, setAttempt] = useState(0);
  const onEnd = useCallback(() => void reload(), [reload]);
  const training = useTraining(activity?.kind === 'training' ? activity.run : undefined, attempt, onEnd);
  const watch = useCallback(
    async (run: string) => {
      await reload();
      setAttempt((earlier) => earlier + 1);
      goTo({ view: 'run', run, part: 'training' });
    },
    [reload],
  );
  const studio = useMemo(() => workspace && { workspace, reload, uploads, watch }, [workspace, reload, uploads, watch]);
  // Otherwise, all of it would be drawn again at every event of a training.
  const view = useMemo(() => <View key={keyOf(route)} route={route} />, [route]);
  useEffect(() => {
    // A file that misses its place would replace the page.
    const prevent = (event: DragEvent) => event.preventDefault();
    addEventListener('dragover', prevent);
    addEventListener('drop', prevent);
    return () => {
      removeEventListener('dragover', prevent);
      removeEventListener('drop', prevent);
    };
  }, []);
  return (
    <StudioContext.Provider value={studio}>
      <TopBar view={route.view} training={training} />
      <main id="main" tabIndex={-1}>
        <Problem message={problem} />
        {studio !== undefined ? (
          <TrainingContext.Provider value={training}>{view}</TrainingContext.Provider>
        ) : (
          problem === undefined && <p>Loading …</p>
        )}
      </main>
    </StudioContext.Provider>
  );
}

// --- internal ---

function View({ route }: { route: Route }) {
  switch (route.view) {
    case 'data':
      return <DataSetsView />;
    case 'data-set':
      return <DataSetView id={route.dataSet} />;
    case 'class':
      return <ClassView id={route.dataSet} name={route.name} />;
    case 'train':
      return <TrainView dataSet={route.dataSet} />;
    case 'runs':
      return <RunsView />;
    case 'compare':
      return <CompareView runs={route.runs} />;
    case 'run':
      return <RunView run={route.run} part={route.part} />;
  }
}

/** A new view starts anew, with the focus on its heading; the parts of a run share what is loaded. */
function keyOf(route: Route): string {
  return route.view === 'run' ? `run ${route.run}` : addressOf(route);
}
