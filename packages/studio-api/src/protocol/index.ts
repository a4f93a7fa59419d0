/** The types of all requests, answers and events, and the pure functions that a page needs. Imports no Node.js modules. */
export * from './data-sets.ts';
export type { CheckReport, KeyDifference, Report, RunState } from './from-orchestration.ts';
export * from './runs.ts';
export * from './training-events.ts';
export * from './training-state.ts';
export * from './workspace.ts';
