/** `/api/data-sets` */
import { folderLayouts } from '@chorus/data';
import { presetNames } from '@chorus/orchestration';
import { badRequest } from '@chorus/server/http';
import { Hono } from 'hono';
import { z } from 'zod';
import { conflict } from '../errors.ts';
import { readJson, withImage } from '../http/bodies.ts';
import { type AddedImage, maxChangedImages, maxImagesPerPage, thumbnailSides } from '../protocol/data-sets.ts';
import type { Studio } from '../studio.ts';

const name = z.string().min(1).max(300);
const paths = z.array(z.string().min(1)).min(1).max(maxChangedImages);
const createSchema = z.strictObject({ name, classes: z.array(name).max(1000) });
const openSchema = z.strictObject({ path: z.string().min(1), layout: z.enum(folderLayouts).optional() });
const addClassSchema = z.strictObject({ name });
const renameClassSchema = z.strictObject({ name, newName: name });
const relabelSchema = z.strictObject({ paths, class: name });
const excludeSchema = z.strictObject({ paths, excluded: z.boolean() });

/** The part of a request that chooses how to train. */
export const choicesSchema = z.strictObject({
  preset: z.enum(presetNames as [string, ...string[]]).optional(),
  weights: z.string().min(1).optional(),
  timeBudgetSeconds: z.number().min(1).optional(),
});

export function dataSetRoutes({ dataSets, checks, thumbnails, trainings }: Studio): Hono {
  const app = new Hono();
  app.post('/', async ({ req, json }) => {
    const { name: folder, classes } = await readJson(req.raw, createSchema);
    return json(await dataSets.create(folder, classes), 201);
  });
  app.post('/open', async ({ req, json }) => {
    const { path, layout } = await readJson(req.raw, openSchema);
    return json(await dataSets.open(path, layout));
  });
  app.get('/:id', async ({ req, json }) => json(await dataSets.get(req.param('id')).describe()));
  app.delete('/:id', async ({ req, json }) => {
    await dataSets.remove(req.param('id'));
    return json({});
  });
  app.post('/:id/classes', async ({ req, json }) => {
    const dataSet = dataSets.get(req.param('id'));
    return json(await dataSet.addClass((await readJson(req.raw, addClassSchema)).name));
  });
  app.post('/:id/classes/rename', async ({ req, json }) => {
    const dataSet = dataSets.get(req.param('id'));
    const { name: label, newName } = await readJson(req.raw, renameClassSchema);
    if (trainings.running?.dataSet === dataSet.id)
      throw conflict('A training reads these images; rename the class when it has ended.');
    return json(await dataSet.renameClass(label, newName));
  });
  app.delete('/:id/classes', async ({ req, json }) =>
    json(await dataSets.get(req.param('id')).removeClass(req.query('name') ?? '')),
  );
  app.get('/:id/images', async ({ req, json }) => {
    const { excluded } = req.query();
    if (excluded !== undefined && excluded !== 'true' && excluded !== 'false')
      throw badRequest(`Expected excluded to be true or false, received ${JSON.stringify(excluded.slice(0, 80))}.`);
    const query = {
      class: req.query('class'),
      excluded: excluded === undefined ? undefined : excluded === 'true',
      offset: countOf('offset', req.query('offset') ?? '0', Number.MAX_SAFE_INTEGER),
      limit: countOf('limit', req.query('limit') ?? '100', maxImagesPerPage),
    };
    return json(await dataSets.get(req.param('id')).images(query));
  });
  app.put('/:id/images', async ({ req, json }) => {
    const dataSet = dataSets.get(req.param('id'));
    const { class: label = '', name: fileName = '' } = req.query();
    const image = await withImage(req.raw, (bytes) => dataSet.addImage(label, bytes, fileName));
    return json({ image } satisfies AddedImage, 201);
  });
  app.get('/:id/thumbnail', async ({ req, body }) => {
    const { path = '', side: sideText = String(thumbnailSides[0]) } = req.query();
    const side = thumbnailSides.find((one) => String(one) === sideText);
    if (side === undefined)
      throw badRequest(
        `Expected side to be one of ${thumbnailSides.join(', ')}, received ${JSON.stringify(sideText.slice(0, 80))}.`,
      );
    const { file } = await dataSets.get(req.param('id')).find(path);
    const picture = await thumbnails.of(file.path, side);
    return body(picture, 200, { 'Content-Type': 'image/webp', 'Cache-Control': 'private, no-cache' });
  });
  app.post('/:id/relabel', async ({ req, json }) => {
    const dataSet = dataSets.get(req.param('id'));
    const { paths: all, class: label } = await readJson(req.raw, relabelSchema);
    return json(await dataSet.relabel(all, label));
  });
  app.post('/:id/exclude', async ({ req, json }) => {
    const dataSet = dataSets.get(req.param('id'));
    const { paths: all, excluded } = await readJson(req.raw, excludeSchema);
    return json(await dataSet.exclude(all, excluded));
  });
  app.post('/:id/undo', async ({ req, json }) => json(await dataSets.get(req.param('id')).undo()));
  app.post('/:id/check', async ({ req, json }) => {
    const dataSet = dataSets.get(req.param('id'));
    const choices = await readJson(req.raw, choicesSchema);
    return json(await checks.start(dataSet, choices), 202);
  });
  app.get('/:id/check', ({ req, json }) => json(checks.stateOf(dataSets.get(req.param('id')))));
  app.delete('/:id/check', async ({ req, json }) => {
    const dataSet = dataSets.get(req.param('id'));
    if (checks.running === dataSet.id) await checks.stop();
    return json(checks.stateOf(dataSet));
  });
  return app;
}

// --- internal ---

/** @throws RequestError unless the text is a whole number from 0 to a maximum. */
function countOf(what: string, text: string, maximum: number): number {
  const count = Number(text);
  if (!/^\d{1,16}$/.test(text) || count > maximum)
    throw badRequest(
      `Expected ${what} to be a whole number from 0 to ${maximum}, received ${JSON.stringify(text.slice(0, 80))}.`,
    );
  return count;
}
