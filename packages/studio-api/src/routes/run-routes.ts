/** `/api/runs` and `/api/compare` */
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { badRequest } from '@chorus/server/http';
import { readRegularFile } from '@chorus/storage';
import { Hono } from 'hono';
import { z } from 'zod';
import { conflict } from '../errors.ts';
import { readJson, withImage } from '../http/bodies.ts';
import { eventStream } from '../http/event-stream.ts';
import { type ClassifiedImage, exportFormats, type RunStarted, snapshotEvent } from '../protocol/runs.ts';
import type { Studio } from '../studio.ts';
import { choicesSchema } from './data-set-routes.ts';

const startSchema = choicesSchema.extend({
  dataSet: z.string().min(1),
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'expected letters, digits, ".", "_" or "-" (at most 64)')
    .optional(),
  settings: z.array(z.string().min(1).max(10_000)).max(200).optional(),
});
const exportSchema = z.strictObject({ format: z.enum(exportFormats), student: z.boolean().optional() });

export function runRoutes({ runs, trainings, model }: Studio, streams: Set<() => void>): Hono {
  const app = new Hono();
  app.get('/', async ({ json }) => json(await runs.list()));
  app.post('/', async ({ req, json }) => {
    const run = await trainings.start(await readJson(req.raw, startSchema));
    return json({ run } satisfies RunStarted, 201);
  });
  app.get('/:run', async ({ req, json }) => json(await runs.describe(req.param('run'))));
  app.delete('/:run', async ({ req, json }) => json(await runs.remove(req.param('run'))));
  app.get('/:run/events', async ({ req }) => {
    const id = req.param('run');
    const past = trainings.get(id) === undefined ? await runs.stateOf(id) : undefined;
    return eventStream((stream) => {
      // Looked up now: nothing happens between the snapshot and the first event.
      const training = trainings.get(id);
      const state = training?.state ?? past!;
      stream.send(state, snapshotEvent);
      if (training === undefined || state.end !== null) {
        stream.end();
        return () => {};
      }
      streams.add(stream.end);
      const unwatch = training.watch((event) => {
        stream.send(event);
        if (event.kind === 'end') stream.end();
      });
      return () => {
        unwatch();
        streams.delete(stream.end);
      };
    });
  });
  app.post('/:run/stop', ({ req, json }) => {
    const training = trainings.get(req.param('run'));
    if (training === undefined) throw conflict('The studio does not train this run.');
    training.stop();
    return json({}, 202);
  });
  app.post('/:run/resume', async ({ req, json }) =>
    json({ run: await trainings.resume(req.param('run')) } satisfies RunStarted, 201),
  );
  app.get('/:run/report', async ({ req, json }) => json(await runs.report(req.param('run'))));
  app.get('/:run/report.html', async ({ req, html }) => html(await readPage(await runs.reportPage(req.param('run')))));
  app.get('/:run/label-issues', async ({ req, json }) => json(await runs.labelIssues(req.param('run'))));
  app.post('/:run/classify', async ({ req, json }) => {
    trainings.requireNone();
    const bundle = await runs.bundle(req.param('run'));
    const explains = req.query('explain') === 'true';
    const answer = await withImage(req.raw, (bytes) => model.classify(bundle, bytes, explains));
    return json({ ...answer, classes: [...answer.classes] } satisfies ClassifiedImage);
  });
  app.post('/:run/export', async ({ req, json }) => {
    return json(await runs.export(req.param('run'), await readJson(req.raw, exportSchema)));
  });
  return app;
}

export function comparisonRoutes({ runs }: Studio): Hono {
  const app = new Hono();
  app.get('/compare', async ({ req, json }) => json(await runs.compare(runsIn(req.queries('run')))));
  app.get('/compare.html', async ({ req, html }) => {
    const out = join(tmpdir(), `chorus-studio-${randomUUID()}.html`);
    try {
      await runs.writeComparison(runsIn(req.queries('run')), out);
      return html(await readPage(out));
    } finally {
      await rm(out, { force: true });
    }
  });
  return app;
}

// --- internal ---

/** A report with the thumbnails of a thousand mistakes takes 20 MB. */
const maxPageBytes = 256 * 2 ** 20;

async function readPage(path: string): Promise<string> {
  return (await readRegularFile(path, { maxBytes: maxPageBytes })).toString();
}

/** More would not fit on a page. */
const maxComparedRuns = 12;

/** @throws RequestError unless they are different runs, at least two. */
function runsIn(ids: readonly string[] = []): string[] {
  const different = [...new Set(ids)];
  if (different.length < 2 || different.length > maxComparedRuns)
    throw badRequest(`Expected from 2 to ${maxComparedRuns} different runs, received ${different.length}.`);
  return different;
}
