import { displayName } from '@chorus/data/display-name';
import { listOf } from '@chorus/report/format';
import type { DataSet } from '@chorus/studio-api/protocol';

/** Classes that are named at once. */
const mostNames = 6;

/** What is to be done before the images can be trained on; undefined if nothing. */
export function beforeTraining({ problem, classes }: DataSet): string | undefined {
  if (problem === null) return undefined;
  const empty = classes.filter(({ imageCount }) => imageCount === 0).map(({ name }) => displayName(name));
  if (empty.length === 0) return `Before training: ${problem}`;
  const others = empty.length > mostNames ? [`${empty.length - mostNames} more`] : [];
  return `Before training, add images to ${listOf([...empty.slice(0, mostNames), ...others])}.`;
}
