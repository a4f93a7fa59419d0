export { createServerApp, type ServerAppOptions } from './app.ts';
export { RequestError, type RequestErrorCode, ServerError } from './errors.ts';
export type { ClassifiedImage, ClassifyAnswer } from './http/classify-route.ts';
export type { RequestLimits } from './http/limits.ts';
export { type ImageService, type ModelInUse, openService, type ServiceOptions } from './model/image-service.ts';
export type { ImageAnswer, ImageContent, ModelFacts } from './model/protocol.ts';
export { type RunningServer, type ServeOptions, serveBundle } from './serve-bundle.ts';
export { readTokenFile } from './token-file.ts';
