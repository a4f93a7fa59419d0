import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describeRun } from '@chorus/orchestration';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { writePets } from '../../predictor/src/bundles.fixture.ts';
import { type RunningStudio, serveStudio } from './index.ts';
import {
  applyEvent,
  type ClassifiedImage,
  type DataSet,
  type ExportedFiles,
  type RunDetails,
  type TrainingEvent,
  type TrainingState,
} from './protocol/index.ts';
import { smallSettings, type TestFolder, testFolder } from './studio.fixture.ts';

let folder: TestFolder;
let running: RunningStudio;
let dataSet: DataSet;
let image: Buffer<ArrayBuffer>;

beforeAll(async () => {
  folder = await testFolder(30);
  running = await serveStudio({ workspace: join(folder.parent, 'workspace'), port: 0 });
  dataSet = await post('/api/data-sets/open', { path: await folder.photos('photos') });
  image = Buffer.from(await readFile(join(dataSet.root, 'discs/discs-00001.png')));
});
afterAll(async () => {
  await running?.stop();
  await folder?.remove();
});

const ask = (path: string, init: RequestInit = {}) => fetch(`${running.url}${path}`, init);
async function get<Answer>(path: string): Promise<Answer> {
  const response = await ask(path);
  expect(response.status, await response.clone().text()).toBe(200);
  return response.json() as Promise<Answer>;
}
const send = (path: string, body?: unknown, method = 'POST') =>
  ask(path, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }),
  });
async function post<Answer>(path: string, body?: unknown): Promise<Answer> {
  const response = await send(path, body);
  expect(response.ok, await response.clone().text()).toBe(true);
  return response.json() as Promise<Answer>;
}

/** Starts a run. */
async function start(epochCount: number): Promise<string> {
  const request = { dataSet: dataSet.id, settings: smallSettings(epochCount) };
  return (await post<{ run: string }>('/api/runs', request)).run;
}

/** The events of a run, as a page receives them. */
async function* eventsOf(run: string): AsyncGenerator<{ id: number; name: string; data: unknown }> {
  const response = await ask(`/api/runs/${run}/events`);
  expect(response.headers.get('Content-Type')).toBe('text/event-stream');
  let text = '';
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const parts = text.split('\n\n');
    text = parts.pop()!;
    for (const part of parts) {
      const { id, event = 'message', data } = Object.fromEntries(part.split('\n').map((line) => line.split(/: (.*)/s)));
      if (data !== undefined) yield { id: Number(id), name: event, data: JSON.parse(data) };
    }
  }
}

/**
 * Follows a run as a page does, until it ends or a moment has come.
 *
 * @returns its state, and the kinds of its events.
 */
async function follow(
  run: string,
  until: (state: TrainingState) => boolean = () => false,
): Promise<{ state: TrainingState; kinds: string[] }> {
  let state: TrainingState | undefined;
  const kinds: string[] = [];
  for await (const { id, name, data } of eventsOf(run)) {
    expect(id).toBe(kinds.length);
    if (name === 'snapshot') state = data as TrainingState;
    else state = applyEvent(state!, data as TrainingEvent);
    kinds.push(name === 'snapshot' ? name : (data as TrainingEvent).kind);
    if (until(state)) break;
  }
  return { state: state!, kinds };
}

const hasEpochs = (state: TrainingState) =>
  state.members.some(({ tasks }) => tasks.some(({ epochs }) => epochs.length > 0));

const isTraining = (state: TrainingState) =>
  state.members.some(({ tasks }) => tasks.some(({ batch }) => batch !== null));

/** Whatever is in the page: `report.html` of a folder that came from elsewhere may have scripts. */
const reportPolicy =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

describe('a run', () => {
  let run: string;

  it('is followed from its start to its end, while no other one may start', async () => {
    run = await start(1);
    const other = await send('/api/runs', { dataSet: dataSet.id });
    expect(other.status).toBe(409);
    expect(await other.json()).toMatchObject({ code: 'in_progress' });
    expect((await send(`/api/data-sets/${dataSet.id}/check`, {})).status).toBe(409);
    expect((await send(`/api/runs/${run}`, undefined, 'DELETE')).status).toBe(409);
    expect(await get('/api/workspace')).toMatchObject({ activity: { kind: 'training', run } });
    const [first, second] = await Promise.all([follow(run), follow(run)]);
    expect(first.state.end).toMatchObject({ outcome: 'finished', failedMembers: [] });
    expect(second.state).toEqual(first.state);
    expect(first.kinds[0]).toBe('snapshot');
    expect(first.kinds.filter((kind) => kind === 'epoch').length).toBeGreaterThanOrEqual(2);
    expect(first.state.members.map(({ name }) => name)).toEqual(['wide', 'slim']);
    expect(first.state.lanes.map(({ device }) => device)).toEqual(['cpu:0']);
    expect(first.state.lanes[0]!.spans.every(({ toMs }) => toMs !== null)).toBe(true);
    // A page that comes later has the same state from the snapshot, and the stream ends.
    const late = await follow(run);
    expect(late).toEqual({ state: first.state, kinds: ['snapshot'] });
  });

  it('is in the workspace with its data set, its report and the page of its report', async () => {
    const details = await get<RunDetails>(`/api/runs/${run}`);
    expect(details).toMatchObject({ id: run, state: 'finished', dataSet: dataSet.id, isOwn: false, memberCount: 2 });
    const { report } = await get<{ report: { verdict: string } }>(`/api/runs/${run}/report`);
    expect(report.verdict).not.toBe('');
    const page = await ask(`/api/runs/${run}/report.html`);
    expect(page.status).toBe(200);
    expect(await page.text()).toContain('http-equiv="Content-Security-Policy"');
    expect(page.headers.get('Content-Security-Policy')).toBe(reportPolicy);
    expect(await get(`/api/runs/${run}/label-issues`)).toMatchObject({ dataSet: dataSet.id });
  });

  it('classifies images by the ensemble and each member, with heat maps on request', async () => {
    const classify = (query: string, body: Buffer<ArrayBuffer> = image) =>
      ask(`/api/runs/${run}/classify${query}`, { method: 'POST', body, headers: { 'Content-Type': 'image/png' } });
    const plain = (await (await classify('')).json()) as ClassifiedImage;
    expect(plain.classes).toEqual(['discs', 'stars']);
    expect(plain.members.map(({ name }) => name)).toEqual(['wide', 'slim']);
    for (const { probabilities } of [plain.ensemble, ...plain.members])
      expect(probabilities[0]! + probabilities[1]!).toBeCloseTo(1, 5);
    expect(plain.ensemble.heatMap).toBeNull();
    const explained = (await (await classify('?explain=true')).json()) as ClassifiedImage;
    expect(explained.predicted).toBe(plain.predicted);
    for (const { heatMap } of [explained.ensemble, ...explained.members]) {
      expect(heatMap).toMatchObject({ width: 96, height: 96 });
      const bytes = Buffer.from(heatMap!.url.slice('data:image/webp;base64,'.length), 'base64');
      expect(bytes.subarray(8, 12).toString()).toBe('WEBP');
    }
    const broken = await classify('', Buffer.from('no image'));
    expect(broken.status).toBe(422);
    expect(await broken.json()).toMatchObject({ error: expect.stringContaining('not an image') });
  });

  it('is compared with others', async () => {
    const runs = join(folder.parent, 'workspace/runs');
    await cp(join(runs, run), join(runs, 'copy'), { recursive: true });
    const query = `run=${run}&run=copy`;
    expect(await get(`/api/compare?${query}`)).toMatchObject({
      ...{ runs: [{ id: run }, { id: 'copy' }], differences: [], sameImages: true },
    });
    const page = await ask(`/api/compare.html?${query}`);
    expect(page.headers.get('Content-Security-Policy')).toBe(reportPolicy);
    expect(await page.text()).toContain('<title>');
    // A run that this studio has not started has the state that its events had.
    const [own, past] = [await get<RunDetails>(`/api/runs/${run}`), await get<RunDetails>('/api/runs/copy')];
    const shown = ({ training: { members, end, status, stacker } }: RunDetails) => ({
      ...{ end, status, stacker },
      members: members.map(({ name, tasks }) => ({
        name,
        tasks: tasks.map(({ name: task, status: ended, epochs }) => ({ task, ended, epochs })),
      })),
    });
    expect(shown(past)).toEqual(shown(own));
  });

  it('classifies images by the run of the request, also while another one is loaded', async () => {
    // The classes of the copy get other names.
    const bundle = join(folder.parent, 'workspace/runs/copy/bundle');
    const manifest = (await readFile(join(bundle, 'bundle.json'), 'utf8')).replaceAll('"discs"', '"rings"');
    await writeFile(join(bundle, 'bundle.json'), manifest);
    const sha256 = createHash('sha256').update(manifest).digest('hex');
    const sums = await readFile(join(bundle, 'SHA256SUMS'), 'utf8');
    await writeFile(join(bundle, 'SHA256SUMS'), sums.replace(/^\w+(?= {2}bundle\.json$)/m, sha256));
    const classify = async (name: string) => {
      const init = { method: 'POST', body: image, headers: { 'Content-Type': 'image/png' } };
      return (await (await ask(`/api/runs/${name}/classify`, init)).json()) as ClassifiedImage;
    };
    const alone = [await classify(run), await classify('copy')];
    expect(alone.map(({ classes }) => classes)).toEqual([
      ['discs', 'stars'],
      ['rings', 'stars'],
    ]);
    // The bundle of the copy is loaded when both arrive.
    expect(await Promise.all([classify(run), classify('copy')])).toEqual(alone);
  });

  it('is exported into its folder', async () => {
    const exported = await post<{ folder: string; files: string[] }>(`/api/runs/${run}/export`, { format: 'onnx' });
    expect(exported.files).toContain('onnx/ensemble.onnx');
    expect(existsSync(join(exported.folder, 'onnx/ensemble.onnx'))).toBe(true);
    expect((await get<RunDetails>(`/api/runs/${run}`)).exports).toEqual({
      ...{ ensemble: ['onnx'], student: null },
    });
  });

  it('is exported as its student alone, if its bundle has one', async () => {
    const missing = await send(`/api/runs/${run}/export`, { format: 'onnx', student: true });
    expect(missing.status).toBe(422);
    expect(await missing.json()).toMatchObject({ error: expect.stringContaining('Expected a bundle with a student') });
    const id = 'with-student';
    const runs = join(folder.parent, 'workspace/runs');
    const own = join(runs, id);
    await cp(join(runs, run), own, { recursive: true });
    await rm(join(own, 'export-onnx'), { recursive: true });
    await writePets(join(own, 'bundle'));
    expect((await get<RunDetails>(`/api/runs/${id}`)).exports).toEqual({ ensemble: [], student: [] });
    for (const [format, name, file] of [
      ['onnx', 'export-student-onnx', 'onnx/members/student.onnx'],
      ['bundle-int8', 'bundle-student-int8', 'bundle.json'],
    ] as const) {
      const exported = await post<ExportedFiles>(`/api/runs/${id}/export`, { format, student: true });
      expect(exported.folder).toBe(join(own, name));
      expect(exported.files).toContain(file);
    }
    expect((await get<RunDetails>(`/api/runs/${id}`)).exports).toEqual({
      ...{ ensemble: [], student: ['onnx', 'bundle-int8'] },
    });
  });
});

describe('a stopped run', () => {
  let run: string;

  it('stops before its next batch', async () => {
    run = await start(400);
    await follow(run, hasEpochs);
    await post(`/api/runs/${run}/stop`);
    const { state } = await follow(run);
    expect(state.end).toMatchObject({ outcome: 'stopped', canResume: true });
    expect(state.members.flatMap(({ tasks }) => tasks).every(({ status }) => status !== 'running')).toBe(true);
    expect(await get(`/api/runs/${run}`)).toMatchObject({ state: 'stopped' });
    expect((await send(`/api/runs/${run}/stop`)).status).toBe(409);
  });

  it('39: resumes, and is started again when its process crashes', async () => {
    const epochsOf = ({ training }: RunDetails) =>
      training.members.flatMap(({ tasks }) => tasks.flatMap(({ epochs }) => epochs));
    const before = epochsOf(await get<RunDetails>(`/api/runs/${run}`));
    await post(`/api/runs/${run}/resume`);
    // The epochs before the stop are there from the start.
    expect(epochsOf(await get<RunDetails>(`/api/runs/${run}`))).toEqual(before);
    const { state: resumed } = await follow(run, isTraining);
    expect(resumed.notices).toContainEqual(
      expect.stringMatching(/ continues with the stage \w+ at epoch \d+, step \d+\.$/),
    );
    const crashed = running.studio.trainings.get(run)!.pid!;
    process.kill(crashed, 'SIGSEGV');
    const notice =
      /^The run is started again: the training process crashed in native code \(SIGSEGV\) during \w+ on cpu:0\.$/;
    await follow(run, (state) => state.notices.some((text) => notice.test(text)) && isTraining(state));
    await vi.waitUntil(() => running.studio.trainings.get(run)!.pid !== crashed);
    await post(`/api/runs/${run}/stop`);
    const { state } = await follow(run);
    expect(state.end).toMatchObject({ outcome: 'stopped', canResume: true });
    expect(await get(`/api/workspace`)).toMatchObject({ activity: null });
  });

  it('resumes after the studio was closed while it trained', async () => {
    await post(`/api/runs/${run}/resume`);
    await follow(run, isTraining);
    const ended = follow(run);
    await running.stop();
    expect((await ended).state.end).toMatchObject({ outcome: 'stopped', canResume: true });
    running = await serveStudio({ workspace: join(folder.parent, 'workspace'), port: 0 });
    const { training, state, dataSet: own } = await get<RunDetails>(`/api/runs/${run}`);
    expect({ state, own }).toEqual({ state: 'stopped', own: dataSet.id });
    expect(training.end).toMatchObject({ outcome: 'stopped', canResume: true });
    expect(hasEpochs(training)).toBe(true);
  });

  it('stops when the studio is killed', async () => {
    await running.stop();
    const workspace = join(folder.parent, 'workspace');
    const program = fileURLToPath(new URL('./studio.fixture.mjs', import.meta.url));
    const child = spawn(process.execPath, [program, workspace], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [printed] = (await once(child.stdout, 'data')) as [Buffer];
    running = { ...running, url: printed.toString().trim() };
    await post(`/api/runs/${run}/resume`);
    await follow(run, isTraining);
    expect((await describeRun(join(workspace, 'runs', run))).state).toBe('running');
    child.kill('SIGKILL');
    await once(child, 'exit');
    await vi.waitUntil(async () => (await describeRun(join(workspace, 'runs', run))).state === 'stopped', {
      ...{ timeout: 60_000, interval: 100 },
    });
    // It takes over the folder of the killed one.
    running = await serveStudio({ workspace, port: 0 });
    expect(await get(`/api/runs/${run}`)).toMatchObject({ state: 'stopped' });
  });

  it('is removed with all its files', async () => {
    expect(await (await send(`/api/runs/${run}`, undefined, 'DELETE')).json()).toEqual({ kept: [] });
    expect((await ask(`/api/runs/${run}`)).status).toBe(404);
  });
});

it('41: is started again at most twice if its process ends before there was a folder, and cannot be resumed then', async () => {
  const { run } = await post<{ run: string }>('/api/runs', { dataSet: dataSet.id, settings: smallSettings(1) });
  const training = running.studio.trainings.get(run)!;
  for (let restarts = 0; restarts <= 2; restarts += 1) {
    const { pid } = training;
    process.kill(pid!, 'SIGKILL');
    if (restarts < 2) await vi.waitUntil(() => training.pid !== pid);
  }
  const { state } = await follow(run);
  expect(state.end).toMatchObject({
    ...{ outcome: 'failed', canResume: false },
    message: expect.stringContaining('ended unexpectedly (SIGKILL)'),
  });
  expect((await send(`/api/runs/${run}/resume`)).status).toBe(404);
});

it('starts nothing that outlives it when it is closed', async () => {
  const [{ id: run }] = (await get<{ runs: { id: string }[] }>('/api/workspace')).runs as [{ id: string }];
  await running.stop();
  const { studio } = running;
  const settings = { preset: 'mobile', weights: 'random' };
  await expect(studio.checks.start(studio.dataSets.get(dataSet.id), settings)).rejects.toThrow('is stopping');
  await expect(studio.model.classify(join(studio.folder, 'runs', run, 'bundle'), image, false)).rejects.toThrow(
    'is stopping',
  );
  await expect(studio.trainings.start({ dataSet: dataSet.id })).rejects.toThrow('is stopping');
  running = await serveStudio({ workspace: join(folder.parent, 'workspace'), port: 0 });
});

it('reports why a run cannot start, without a folder', async () => {
  const settings = ['recipe.batchSise=16'];
  const { run } = await post<{ run: string }>('/api/runs', { dataSet: dataSet.id, settings });
  const { state } = await follow(run);
  expect(state.end).toMatchObject({ outcome: 'failed', bug: null, canResume: false });
  expect(state.end).toMatchObject({ message: expect.stringContaining('batchSise') });
  expect(await get(`/api/runs/${run}`)).toMatchObject({ state: 'failed', bytes: 0 });
});
