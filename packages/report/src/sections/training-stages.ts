/** The plan of each training: its stages, and the images that it used. */
import { foldName } from '@chorus/data';
import type { StoredPlan, StoredPlannedMember } from '@chorus/orchestration';
import { table } from '../figure.ts';
import { integer } from '../format.ts';
import { type Html, html } from '../html.ts';

/** Two tables per member: its trainings, and the settings of their stages as `plan.json` names them. */
export function trainingStages({ members, student }: StoredPlan): Html[] {
  return [...members, ...(student === undefined ? [] : [student])].map(
    (member) => html`<h4>${member.plan.name}</h4>${trainingsOf(member)}${stagesOf(member)}`,
  );
}

// --- internal ---

function trainingsOf({ trainings }: StoredPlannedMember): Html {
  return table({
    columns: ['training', 'seed', 'fit', 'tune', 'out of fold', 'model is kept'],
    rows: trainings.map(({ fold, seed, fit, tune, outOfFold, keepsWeights }) => [
      ...[foldName(fold), String(seed), integer(fit), integer(tune), integer(outOfFold)],
      keepsWeights ? 'yes' : 'no',
    ]),
  });
}

function stagesOf({ plan: { stages } }: StoredPlannedMember): Html {
  const keys = [...new Set(stages.flatMap((stage) => Object.keys(stage)))].filter((key) => key !== 'name');
  return table({
    isText: true,
    columns: ['stage', ...stages.map(({ name }) => name)],
    rows: keys.map((key) => [key, ...stages.map((stage) => settingText(stage[key]))]),
  });
}

/** The keys and values of a setting, such as `kind adam, weightDecay 0.01`; `–` if it is not set. */
function settingText(value: unknown): string {
  if (value === null || value === undefined) return '–';
  if (Array.isArray(value)) return value.map(settingText).join(', ');
  if (typeof value !== 'object') return String(value);
  return Object.entries(value)
    .filter(([, one]) => one !== null)
    .map(([key, one]) => (isNested(one) ? `${key} (${settingText(one)})` : `${key} ${settingText(one)}`))
    .join(', ');
}

function isNested(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}
