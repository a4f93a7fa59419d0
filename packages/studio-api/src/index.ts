export { ServerError } from '@chorus/server/http';
export { createStudioApp, type StudioApp, type StudioAppOptions } from './app.ts';
export { type RunningStudio, type ServeStudioOptions, serveStudio } from './serve-studio.ts';
export { Studio, type StudioOptions } from './studio.ts';
