/** The state of a training, computed from its events: in the server, which keeps it, and in the page, which shows it. */
import type {
  Batch,
  Epoch,
  PlannedTask,
  Progress,
  TaskActivity,
  TaskKind,
  TrainingData,
  TrainingEnd,
  TrainingEvent,
} from './training-events.ts';

export type TaskStatus = 'waiting' | 'running' | 'done' | 'kept' | 'cached' | 'failed' | 'skipped' | 'cut';

export interface TaskState {
  name: string;
  kind: TaskKind;
  status: TaskStatus;
  /** Null before it starts. */
  device: string | null;
  activity: TaskActivity | null;
  /** Of its running epoch or forward pass. */
  batch: Batch | null;
  /** In the order of their ends. */
  epochs: Epoch[];
  seconds: number | null;
  /** Why it failed. */
  reason: string | null;
}

export interface MemberProgress {
  name: string;
  /** In the order in which they are planned. */
  tasks: TaskState[];
}

/** A time in which a lane worked on a task; `toMs` is null while it does. */
export interface LaneSpan {
  task: string;
  fromMs: number;
  toMs: number | null;
}

export interface LaneState {
  device: string;
  /** In chronological order; at most the last {@link maxSpans}. */
  spans: LaneSpan[];
}

/** What the run as a whole does; members train in `members`. */
export type TrainingPhase = 'preparing' | 'decoding' | 'comparing' | 'members' | 'stacking' | 'testing';

export interface TrainingState {
  status: 'running' | 'stopping' | TrainingEnd['outcome'];
  startedAtMs: number;
  /** Time of the last event. */
  updatedAtMs: number;
  phase: TrainingPhase;
  /** Of decoding, comparing or stacking; null in other phases. */
  progress: Progress | null;
  /** A running step of the native runtime's setup; null if there is none. */
  setup: string | null;
  downloads: { name: string; bytes: number; totalBytes: number | null }[];
  preset: { name: string; reason: string } | null;
  /** Whether the images are generated or the weights random, so that the figures do not apply to photographs. */
  demo: boolean;
  lanesReason: string | null;
  lanes: LaneState[];
  members: MemberProgress[];
  data: TrainingData | null;
  stacker: string | null;
  /** At most the last {@link maxMessages}. */
  notices: string[];
  warnings: { task: string; text: string }[];
  end: TrainingEnd | null;
}

/** Most messages of a kind, and most spans of a lane, that a state keeps. */
export const maxMessages = 200;
export const maxSpans = 1000;

/** @param earlier state of a run that is resumed, whose epochs are kept. */
export function initialTrainingState(startedAtMs: number, earlier?: TrainingState): TrainingState {
  return {
    status: 'running',
    startedAtMs,
    updatedAtMs: startedAtMs,
    phase: 'preparing',
    progress: null,
    setup: null,
    downloads: [],
    preset: null,
    demo: false,
    lanesReason: null,
    lanes: [],
    members: earlier?.members ?? [],
    data: null,
    stacker: null,
    notices: [],
    warnings: [],
    end: null,
  };
}

/**
 * The state after an event. Does not change the given state, and shares with it what the event leaves as it is.
 *
 * @example
 * const state = events.reduce(applyEvent, initialTrainingState(Date.now()));
 */
export function applyEvent(before: TrainingState, event: TrainingEvent): TrainingState {
  const state = { ...before, updatedAtMs: event.atMs };
  switch (event.kind) {
    case 'preset':
      return { ...state, preset: { name: event.name, reason: event.reason } };
    case 'start':
      return {
        ...state,
        demo: event.demo,
        lanesReason: event.lanesReason,
        lanes: event.devices.map((device) => ({ device, spans: [] })),
        members: plannedMembers(event.tasks, state.members),
      };
    case 'setup':
      return { ...state, setup: event.state === 'begun' || event.state === 'running' ? event.step : null };
    case 'download': {
      const { name, bytes, totalBytes } = event;
      const others = state.downloads.filter((one) => one.name !== name);
      return { ...state, downloads: [...others, { name, bytes, totalBytes }] };
    }
    case 'decode':
      return { ...state, phase: 'decoding', progress: progressOf(event) };
    case 'compare':
      return { ...state, phase: 'comparing', progress: progressOf(event) };
    case 'data':
      return { ...state, phase: 'members', progress: null, data: event.data };
    case 'task':
      return withTaskState(state, event);
    case 'activity':
      return withTask(state, event.task, (task) => ({ ...task, activity: event.activity }));
    case 'batch':
      return withTask(state, event.task, (task) => ({ ...task, activity: event.batch.activity, batch: event.batch }));
    case 'epoch':
      return withTask(state, event.task, (task) => ({ ...task, batch: null, epochs: withEpoch(task, event.epoch) }));
    case 'stacking':
      return { ...state, phase: 'stacking', progress: progressOf(event) };
    case 'choice':
      return { ...state, phase: 'testing', progress: null, stacker: event.stacker };
    case 'notice':
      return { ...state, notices: [...state.notices, event.text].slice(-maxMessages) };
    case 'warning': {
      const { task, text } = event;
      return { ...state, warnings: [...state.warnings, { task, text }].slice(-maxMessages) };
    }
    case 'stopping':
      return { ...state, status: 'stopping' };
    case 'end':
      return ended(state, event);
  }
}

/** Whether a member trains, waits or has ended: `failed` if one of its tasks has. */
export function memberStatus({ tasks }: MemberProgress): TaskStatus {
  const statuses = tasks.map(({ status }) => status);
  for (const status of ['failed', 'cut', 'running'] as const) if (statuses.includes(status)) return status;
  if (statuses.every((status) => status === 'kept')) return 'kept';
  if (statuses.every(isDone)) return 'done';
  // Between two of its tasks.
  return statuses.some(isDone) ? 'running' : 'waiting';
}

// --- internal ---

function isDone(status: TaskStatus): boolean {
  return status === 'done' || status === 'kept' || status === 'cached';
}

function progressOf({ done, total }: Progress): Progress {
  return { done, total };
}

/** @param before of a run that is resumed. */
function plannedMembers(tasks: readonly PlannedTask[], before: readonly MemberProgress[]): MemberProgress[] {
  const names = [...new Set(tasks.map(({ member }) => member))];
  const epochs = new Map(before.flatMap((member) => member.tasks.map((task) => [task.name, task.epochs])));
  return names.map((name) => ({
    name,
    tasks: tasks.filter(({ member }) => member === name).map((task) => waitingTask(task, epochs.get(task.name) ?? [])),
  }));
}

function waitingTask({ name, kind }: PlannedTask, epochs: Epoch[]): TaskState {
  return {
    ...{ name, kind, status: 'waiting', device: null, activity: null },
    ...{ batch: null, epochs, seconds: null, reason: null },
  };
}

/** Events of tasks that are not planned, such as predictions, change nothing. */
function withTask(state: TrainingState, name: string, change: (task: TaskState) => TaskState): TrainingState {
  return {
    ...state,
    members: state.members.map((member) =>
      member.tasks.some((task) => task.name === name)
        ? { ...member, tasks: member.tasks.map((task) => (task.name === name ? change(task) : task)) }
        : member,
    ),
  };
}

/** A resumed training repeats the epochs after its last checkpoint: the earlier ones no longer count. */
function withEpoch({ epochs }: TaskState, epoch: Epoch): Epoch[] {
  const repeated = epochs.findIndex((one) => one.stage === epoch.stage && one.epochIndex >= epoch.epochIndex);
  return [...(repeated === -1 ? epochs : epochs.slice(0, repeated)), epoch];
}

function withTaskState(
  state: TrainingState,
  { task: name, state: now, atMs }: Extract<TrainingEvent, { kind: 'task' }>,
): TrainingState {
  const changed = withTask(state, name, (task) => ({
    ...task,
    status: now.state,
    device: 'device' in now ? now.device : task.device,
    seconds: now.state === 'done' ? now.seconds : task.seconds,
    reason: now.state === 'failed' ? now.reason : null,
    ...(now.state === 'running' ? {} : { activity: null, batch: null }),
  }));
  const onDevices = now.state === 'running' ? devicesOf(now.device) : [];
  return {
    ...changed,
    lanes: changed.lanes.map((lane) => {
      const isOpen = lane.spans.some((span) => span.task === name && span.toMs === null);
      if (now.state !== 'running') return isOpen ? { ...lane, spans: closed(lane.spans, atMs, name) } : lane;
      if (isOpen || !onDevices.includes(lane.device)) return lane;
      return { ...lane, spans: [...lane.spans, { task: name, fromMs: atMs, toMs: null }].slice(-maxSpans) };
    }),
  };
}

/** Features of a member may be computed on several devices, such as `cpu:0 and cpu:1`. */
function devicesOf(device: string): string[] {
  return device.split(' and ');
}

/** @param task of the spans to close; by default all. */
function closed(spans: readonly LaneSpan[], atMs: number, task?: string): LaneSpan[] {
  return spans.map((span) =>
    span.toMs === null && (task === undefined || span.task === task) ? { ...span, toMs: atMs } : span,
  );
}

function ended(state: TrainingState, { end, atMs }: Extract<TrainingEvent, { kind: 'end' }>): TrainingState {
  return {
    ...state,
    status: end.outcome,
    ...{ progress: null, setup: null, end },
    lanes: state.lanes.map((lane) => ({ ...lane, spans: closed(lane.spans, atMs) })),
    members: state.members.map((member) => ({
      ...member,
      tasks: member.tasks.map((task) => ({
        ...{ ...task, activity: null, batch: null },
        status: task.status === 'running' ? 'waiting' : task.status,
      })),
    })),
  };
}
