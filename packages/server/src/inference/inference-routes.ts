/** The Open Inference Protocol, version 2: what KServe, Triton, MLServer and TorchServe answer, so that their clients work. */
import { type Context, Hono } from 'hono';
import { badRequest, RequestError } from '../errors.ts';
import { type RouteContext, withBody } from '../http/body-work.ts';
import type { ImageService, ModelInUse } from '../model/image-service.ts';
import { type InferBody, inputTensors, readInference } from './tensors.ts';

/** State of health, which needs no token. */
export function inferenceHealthRoutes(service: ImageService): Hono {
  const app = new Hono();
  app.get('/v2/health/live', (context) => context.json({ live: true }));
  app.get('/v2/health/ready', (context) => context.json({ ready: service.isReady }, service.isReady ? 200 : 503));
  return app;
}

export function inferenceRoutes(route: RouteContext): Hono {
  const { service } = route;
  const app = new Hono();
  app.get('/v2', (context) => context.json({ name: 'chorus', version: '1', extensions: ['binary_tensor_data'] }));
  for (const path of ['/v2/models/:name', '/v2/models/:name/versions/:version'] as const) {
    app.get(path, (context) => context.json(metadataOf(requestedModel(service, context))));
    app.get(`${path}/ready`, (context) => {
      const { name } = requestedModel(service, context);
      return context.json({ name, ready: service.isReady }, service.isReady ? 200 : 503);
    });
    app.post(`${path}/infer`, async (context) => {
      requestedModel(service, context);
      const headerLength = context.req.header('Inference-Header-Content-Length') ?? null;
      return withBody(context.req.raw, route, async (bytes, signal) => {
        const { body, images } = readInference(bytes, headerLength, service.maxPending);
        requireKnownOutputs(body);
        const { model, answers } = await service.classify(images, signal);
        const bad = answers.findIndex(({ classes }) => classes === undefined);
        if (bad !== -1) throw badRequest(`Image ${bad} cannot be used: ${answers[bad]!.reason}.`);
        return context.json({
          ...{ model_name: model.name, model_version: model.version },
          ...(body.id === undefined ? {} : { id: body.id }),
          outputs: outputsOf(
            model,
            answers.map(({ classes }) => classes!),
            body,
          ),
        });
      });
    });
  }
  return app;
}

// --- internal ---

type Classes = readonly { label: string; probability: number }[];

const outputNames = ['probabilities', 'label'] as const;

/** @throws RequestError for a model or version that is not in use. */
function requestedModel({ model }: ImageService, { req }: Context): ModelInUse {
  const { name, version = model.version } = req.param() as { name: string; version?: string };
  if (name === model.name && version === model.version) return model;
  throw new RequestError(
    404,
    'not_found',
    `Expected the model ${JSON.stringify(model.name)}, version ${model.version}, received ${JSON.stringify(name.slice(0, 80))}, version ${JSON.stringify(version.slice(0, 80))}.`,
  );
}

function metadataOf({ name, version, labels, backend }: ModelInUse) {
  return {
    ...{ name, versions: [version], platform: `chorus_${backend}` },
    inputs: inputTensors,
    outputs: [
      { name: 'probabilities', datatype: 'FP32', shape: [-1, labels.length], parameters: { labels } },
      { name: 'label', datatype: 'BYTES', shape: [-1] },
    ],
  };
}

function requireKnownOutputs({ outputs = [], parameters }: InferBody): void {
  const unknown = outputs.find(({ name }) => !outputNames.some((one) => one === name));
  if (unknown !== undefined)
    throw badRequest(
      `Expected the outputs to be among ${outputNames.join(', ')}, received ${JSON.stringify(unknown.name.slice(0, 80))}.`,
    );
  if (parameters?.binary_data_output || outputs.some((one) => one.parameters?.binary_data))
    throw badRequest('Expected outputs in JSON, received a request for binary outputs.');
}

function outputsOf({ labels }: ModelInUse, answers: readonly Classes[], { outputs }: InferBody) {
  const all = {
    probabilities: {
      ...{ name: 'probabilities', datatype: 'FP32', shape: [answers.length, labels.length] },
      data: answers.flatMap((classes) => {
        const probabilities = new Map(classes.map(({ label, probability }) => [label, probability]));
        return labels.map((label) => probabilities.get(label)!);
      }),
    },
    label: {
      ...{ name: 'label', datatype: 'BYTES', shape: [answers.length] },
      data: answers.map(([best]) => best!.label),
    },
  };
  const names = outputs?.map(({ name }) => name as (typeof outputNames)[number]) ?? outputNames;
  return names.map((name) => all[name]);
}
