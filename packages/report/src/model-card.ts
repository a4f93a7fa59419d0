/** `MODEL_CARD.md`: a model card with the front matter of the Hugging Face Hub. */
import { displayName } from '@chorus/orchestration/display-name';
import { count, integer, listOf, number, percent, percentRange } from './format.ts';
import type { RunData } from './run-data.ts';

/**
 * Builds the card of a run's ensemble.
 *
 * @returns null for a run without an ensemble.
 */
export function modelCard({ report, startedAt }: RunData): string | null {
  const { stackers, dataset, members, costs, baseline, flaws, labelAudit, demo, experiment } = report;
  const chosen = stackers.find((stacker) => stacker.chosen);
  if (chosen === undefined) return null;
  const { test } = chosen;
  const used = members.filter(({ predictsWith }) => predictsWith !== null);
  const title = `${dataset.name} classifier`;
  const implausible = (labelAudit?.training?.implausible ?? 0) + (labelAudit?.test.implausible ?? 0);
  const limits = [
    'It answers with one of its classes for any picture, including pictures of something else.',
    `It was tested on images of the same data set as it was trained on; other cameras, places or times may give a different accuracy.`,
    ...(demo
      ? ['It was trained on drawn images or from random weights: its figures do not apply to photographs.']
      : []),
    ...(implausible > 0
      ? [`${integer(implausible)} labels of the data set look wrong; all figures count them as they are.`]
      : []),
    ...flaws.map(({ description }) => description),
  ];
  return `${frontMatter(title, report, chosen)}
# ${markdown(title)}

An ensemble of ${count(used.length, 'image classifier')}, trained with Chorus ${markdown(String(versionOf(experiment)))} on ${startedAt.toISOString().slice(0, 10)}.

${markdown(report.verdict)}

## Intended use

Classifying photographs into ${integer(dataset.classes.length)} classes: ${markdown(listOf(dataset.classes.slice(0, 100)))}${dataset.classes.length > 100 ? ' and others' : ''}.

## Results

On ${integer(test.count)} test images${report.testImagesReadBeforeChoice === 0 ? ' that neither training nor the choice of the stacker has seen' : ', some of which were used before the test'} (${percent(baseline)} are of the most frequent class):

| | |
|---|---|
| accuracy | ${percent(test.accuracy)} (95 %: ${percentRange(test.wilson95)}) |
| balanced accuracy | ${percent(test.balancedAccuracy)} |
| macro F1 | ${number(test.macroF1, 4)} |
| log loss | ${number(test.logLoss)} |
| AUC | ${number(test.auc, 4)} |

| class | test images | recall |
|---|---|---|
${test.perClass
  .slice(0, 100)
  .map(({ class: name, count: images, recall }) => `| ${markdown(name)} | ${integer(images)} | ${percent(recall)} |`)
  .join('\n')}

## Model

| member | backbone | input | accuracy |
|---|---|---|---|
${used.map(({ name, backbone, inputSize, test: own }) => `| ${markdown(name)} | ${markdown(backbone)} | ${inputSize} px | ${percent(own?.accuracy)} |`).join('\n')}

Stacker: ${chosen.kind}.${costs === null ? '' : ` Size: ${number(costs.ensemble.megabytes)} MB, ${number(costs.ensemble.parameters / 1e6)} million parameters.`}

## Training

${integer(dataset.counts.training)} training images of ${markdown(dataset.name)}; ${markdown(report.stacking)}. Preset ${markdown(String(experiment.preset))}, seed ${markdown(String(experiment.seed))}.

## Limitations

${limits.map((limit) => `- ${markdown(limit)}`).join('\n')}
`;
}

// --- internal ---

function versionOf({ versions }: RunData['report']['experiment']): unknown {
  return (versions as { chorus?: unknown } | undefined)?.chorus ?? 'of unknown version';
}

/** The license is the author's choice, so it is left out. */
function frontMatter(
  title: string,
  { dataset }: RunData['report'],
  { test }: RunData['report']['stackers'][number],
): string {
  const metric = (type: string, name: string, value: number | null) =>
    value === null ? '' : `\n          - type: ${type}\n            name: ${name}\n            value: ${value}`;
  return `---
library_name: chorus
pipeline_tag: image-classification
tags:
  - image-classification
  - ensemble
metrics:
  - accuracy
model-index:
  - name: ${yaml(title)}
    results:
      - task:
          type: image-classification
        dataset:
          name: ${yaml(dataset.name)}
          type: imagefolder
          split: test
        metrics:${metric('accuracy', 'accuracy', test.accuracy)}${metric('f1', 'macro F1', test.macroF1)}${metric('roc_auc', 'AUC', test.auc)}${metric('log_loss', 'log loss', test.logLoss)}
---
`;
}

/** A string of YAML: JSON's strings are a subset of its double-quoted ones. */
function yaml(text: string): string {
  return JSON.stringify(displayName(text));
}

/** Text in which nothing is markup: names of classes and files may be hostile. */
function markdown(text: string): string {
  return displayName(text).replace(/[\\`*_{}[\]<>#|!~&]/g, (character) => `&#${character.charCodeAt(0)};`);
}
