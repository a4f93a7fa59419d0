import {
  describeIncident,
  type Incident,
  type IncidentKind,
  incidentCount,
  type LaneActivity,
  mostRestarts,
  repetitionCount,
} from '@chorus/orchestration/supervisor';
import { capitalized } from '../print/capitalized.ts';
import { stageText } from '../progress/stage-names.ts';

/** What the parent prints when a training hangs or crashes: what happened, what each lane did, what to do about it, and what comes next. */
export function incidentLines(
  incident: Incident,
  next: { isRestarted: boolean; incidents: readonly Incident[] },
): string[] {
  return [
    `chorus: ${capitalized(describeIncident(incident))}. ${advices[incident.kind]}`,
    ...incident.lanes.map((lane) => `  ${laneText(lane)}`),
    nextText(incident, next),
  ];
}

// --- internal ---

const advices: Readonly<Record<IncidentKind, string>> = {
  hung: 'If a slow machine only needs more time, start a run with a larger --set watchdogSeconds=N.',
  crashed: 'If this repeats, try --set runtime.compile=false or --set runtime.forward=tensorflow in a new run.',
  killed:
    'If this repeats, start a run with fewer lanes (--workers cpu:0), a smaller --set recipe.microBatchSize=N, or a smaller --set inputSize=N.',
  'heap-overflow': 'Allow Node.js more memory: NODE_OPTIONS=--max-old-space-size=8192.',
};

function laneText({ device, task, kind, secondsSinceProgress, ...place }: Incident['lanes'][number]): string {
  if (task === null) return `${device}: idle`;
  const since = `last progress ${Math.round(secondsSinceProgress)} s earlier`;
  return `${device}: ${[task, ...placeText(place, kind), since].join(', ')}`;
}

function placeText(
  { stage, epochIndex, stepIndex }: Pick<LaneActivity, 'stage' | 'epochIndex' | 'stepIndex'>,
  kind: LaneActivity['kind'],
): string[] {
  if (stage === null) return [kind === 'train' ? 'starting' : `${kind}`];
  return [
    stageText(stage),
    ...(epochIndex === null ? [] : [`epoch ${epochIndex + 1}`]),
    ...(stepIndex === null ? [] : [`step ${stepIndex + 1}`]),
  ];
}

function nextText(
  { suspects, folder }: Incident,
  { isRestarted, incidents }: Parameters<typeof incidentLines>[1],
): string {
  if (!isRestarted) return `chorus: It has been restarted ${mostRestarts} times and is not restarted again.`;
  // Of several seeds, each has a run of its own.
  const own = incidents.filter((one) => one.folder === folder);
  const failed = suspects.filter((task) => incidentCount(own, task) > mostRestarts);
  if (failed.length > 0) return `chorus: It is restarted without ${failed.join(' and ')}.`;
  const cause = suspects.length === 0 ? '' : ` for ${suspects.join(' and ')}`;
  return `chorus: It is restarted (restart ${repetitionCount(incidents)} of at most ${mostRestarts}${cause}).`;
}
