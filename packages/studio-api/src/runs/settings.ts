import type { StudioDataSet } from '../data-sets/data-set.ts';
import type { Settings } from '../jobs/messages.ts';
import type { StartRun } from '../protocol/runs.ts';

/** What a request asks for, as settings of an experiment. */
export async function settingsOf(
  dataSet: StudioDataSet,
  workspace: string,
  {
    preset = 'auto',
    weights,
    timeBudgetSeconds,
    name,
    settings = [],
  }: Pick<StartRun, 'preset' | 'weights' | 'timeBudgetSeconds' | 'name' | 'settings'>,
): Promise<Settings> {
  const exclude = await dataSet.excludeList();
  return {
    ...{ data: dataSet.root, layout: dataSet.layout, preset, weights, base: workspace },
    // A later assignment to a key wins.
    assignments: [
      ...settings,
      ...(name === undefined ? [] : [`name=${JSON.stringify(name)}`]),
      ...(timeBudgetSeconds === undefined ? [] : [`timeBudgetSeconds=${timeBudgetSeconds}`]),
      ...(exclude === undefined ? [] : [`data.exclude=${JSON.stringify(exclude)}`]),
    ],
  };
}
