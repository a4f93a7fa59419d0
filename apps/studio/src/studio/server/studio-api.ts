/** Requests to the studio's server, which serves this page. */
import type {
  AddClass,
  AddedImage,
  Changed,
  CheckState,
  ClassifiedImage,
  Comparison,
  CreateDataSet,
  DataSet,
  ErrorAnswer,
  Exclude,
  ExportedFiles,
  ExportRequest,
  FolderListing,
  ImagePage,
  LabelIssues,
  OpenDataSet,
  Relabel,
  RemovedRun,
  RenameClass,
  RunDetails,
  RunReport,
  RunStarted,
  StartCheck,
  StartRun,
  StopAnswer,
  thumbnailSides,
  Workspace,
} from '@chorus/studio-api/protocol';

/** The server refused a request; the message is for the user. */
class RefusedError extends Error {
  readonly code: string;

  constructor({ error, code }: ErrorAnswer) {
    super(error);
    this.code = code;
  }
}

/** The server does not answer. */
export class NoAnswerError extends Error {
  constructor() {
    super('The studio does not answer. Is it still running?');
  }
}

export const studioApi = {
  workspace: (signal?: AbortSignal) => call<Workspace>('GET', 'workspace', { signal }),
  folders: (path: string | undefined, signal?: AbortSignal) =>
    call<FolderListing>('GET', address('folders', { path }), { signal }),

  createDataSet: (json: CreateDataSet) => call<DataSet>('POST', 'data-sets', { json }),
  openDataSet: (json: OpenDataSet) => call<DataSet>('POST', 'data-sets/open', { json }),
  dataSet: (id: string, signal?: AbortSignal) => call<DataSet>('GET', dataSetPath(id), { signal }),
  /** The images stay. */
  removeDataSet: (id: string) => call<unknown>('DELETE', dataSetPath(id)),
  addClass: (id: string, json: AddClass) => call<DataSet>('POST', dataSetPath(id, 'classes'), { json }),
  renameClass: (id: string, json: RenameClass) => call<DataSet>('POST', dataSetPath(id, 'classes/rename'), { json }),
  /** Only one without images can be removed. */
  removeClass: (id: string, name: string) => call<DataSet>('DELETE', address(dataSetPath(id, 'classes'), { name })),
  images: (
    id: string,
    query: { class?: string; excluded?: boolean; offset?: number; limit?: number },
    signal?: AbortSignal,
  ) => call<ImagePage>('GET', address(dataSetPath(id, 'images'), query), { signal }),
  addImage: (id: string, className: string, file: File, signal?: AbortSignal) =>
    call<AddedImage>('PUT', address(dataSetPath(id, 'images'), { class: className, name: file.name }), {
      ...{ file, signal },
    }),
  relabel: (id: string, json: Relabel) => call<Changed>('POST', dataSetPath(id, 'relabel'), { json }),
  exclude: (id: string, json: Exclude) => call<Changed>('POST', dataSetPath(id, 'exclude'), { json }),
  undo: (id: string) => call<Changed>('POST', dataSetPath(id, 'undo'), { json: {} }),
  startCheck: (id: string, json: StartCheck) => call<CheckState>('POST', dataSetPath(id, 'check'), { json }),
  check: (id: string, signal?: AbortSignal) => call<CheckState>('GET', dataSetPath(id, 'check'), { signal }),
  stopCheck: (id: string) => call<unknown>('DELETE', dataSetPath(id, 'check')),

  startRun: (json: StartRun) => call<RunStarted>('POST', 'runs', { json }),
  run: (run: string, signal?: AbortSignal) => call<RunDetails>('GET', runPath(run), { signal }),
  stop: (run: string) => call<StopAnswer>('POST', runPath(run, 'stop'), { json: {} }),
  resume: (run: string) => call<RunStarted>('POST', runPath(run, 'resume'), { json: {} }),
  remove: (run: string) => call<RemovedRun>('DELETE', runPath(run)),
  report: (run: string, signal?: AbortSignal) => call<RunReport>('GET', runPath(run, 'report'), { signal }),
  labelIssues: (run: string, signal?: AbortSignal) =>
    call<LabelIssues>('GET', runPath(run, 'label-issues'), { signal }),
  classify: (run: string, file: File, signal?: AbortSignal) =>
    call<ClassifiedImage>('POST', address(runPath(run, 'classify'), { explain: true }), { file, signal }),
  exportRun: (run: string, json: ExportRequest) => call<ExportedFiles>('POST', runPath(run, 'export'), { json }),
  compare: (runs: readonly string[], signal?: AbortSignal) =>
    call<Comparison>('GET', `compare?${runsQuery(runs)}`, { signal }),
};

export function thumbnailAddress(dataSet: string, path: string, side: (typeof thumbnailSides)[number] = 160): string {
  return `api/${address(dataSetPath(dataSet, 'thumbnail'), { path, side })}`;
}

export function eventsAddress(run: string): string {
  return `api/${runPath(run, 'events')}`;
}

/** The page of a run's report. */
export function reportAddress(run: string): string {
  return `api/${runPath(run, 'report.html')}`;
}

/** The page that compares runs. */
export function comparisonAddress(runs: readonly string[]): string {
  return `api/compare.html?${runsQuery(runs)}`;
}

// --- internal ---

function dataSetPath(id: string, part?: string): string {
  return `data-sets/${encodeURIComponent(id)}${part === undefined ? '' : `/${part}`}`;
}

function runPath(run: string, part?: string): string {
  return `runs/${encodeURIComponent(run)}${part === undefined ? '' : `/${part}`}`;
}

function runsQuery(runs: readonly string[]): string {
  return new URLSearchParams(runs.map((run) => ['run', run])).toString();
}

function address(path: string, query: Record<string, string | number | boolean | undefined>): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  return given.length === 0
    ? path
    : `${path}?${new URLSearchParams(given.map(([key, value]) => [key, String(value)]))}`;
}

/**
 * @throws RefusedError with the server's message; NoAnswerError.
 */
async function call<Answer>(
  method: string,
  path: string,
  { json, file, signal }: { json?: unknown; file?: File; signal?: AbortSignal | undefined } = {},
): Promise<Answer> {
  const init: RequestInit = { method, ...(signal && { signal }) };
  if (json !== undefined) {
    init.body = JSON.stringify(json);
    init.headers = { 'Content-Type': 'application/json' };
  }
  if (file !== undefined) {
    init.body = file;
    init.headers = { 'Content-Type': file.type.startsWith('image/') ? file.type : 'application/octet-stream' };
  }
  const response = await fetch(`api/${path}`, init).catch((error: unknown) => {
    if (signal?.aborted) throw error;
    throw new NoAnswerError();
  });
  const answer: unknown = await response.json().catch(() => undefined);
  if (response.ok) return answer as Answer;
  throw new RefusedError(
    isErrorAnswer(answer)
      ? answer
      : { error: `The studio answered with status ${response.status} ${response.statusText}.`, code: 'internal' },
  );
}

function isErrorAnswer(answer: unknown): answer is ErrorAnswer {
  return typeof answer === 'object' && answer !== null && 'error' in answer && typeof answer.error === 'string';
}
