/** The description of the API, OpenAPI 3.1. */
import { z } from 'zod';
import { acceptedTypes, classifyBodySchema } from '../http/body-images.ts';
import type { RequestLimits } from '../http/limits.ts';
import { inferBodySchema } from '../inference/tensors.ts';

export interface ApiOperation {
  summary: string;
  description?: string;
  tags: readonly string[];
  parameters?: readonly {
    name: string;
    in: 'query' | 'path' | 'header';
    description: string;
    required?: boolean;
    schema: object;
  }[];
  requestBody?: { required: true; content: Readonly<Record<string, object>> };
  responses: Readonly<Record<string, { description: string; content?: object }>>;
  security?: readonly object[];
}

export interface ApiDocument {
  openapi: '3.1.0';
  info: { title: string; version: string; description: string };
  paths: Readonly<Record<string, Partial<Record<'get' | 'post', ApiOperation>>>>;
  components: object;
  security?: readonly object[];
}

/** @param options `needsToken`: whether requests must send a token. */
export function apiDocument({ limits, needsToken }: { limits: RequestLimits; needsToken: boolean }): ApiDocument {
  const open = needsToken ? { security: [] } : {};
  const unauthorized = needsToken ? { '401': failed('The token is missing or wrong.') } : {};
  const otherModel = { '404': failed('Another model is in use.') };
  const errors = {
    '400': failed('The request is not as expected.'),
    ...unauthorized,
    '408': failed('The body took too long to arrive.'),
    '413': failed(`The body has more than ${limits.maxBodyBytes} bytes, or too many images or JSON values.`),
  };
  const later = {
    '429': failed('The server has too much to do; send the request again after the seconds in Retry-After.'),
    '503': failed('The server is stopping, or could not answer in time.'),
  };
  const model = { name: 'name', in: 'path', required: true, schema: { type: 'string' } } as const;
  const version = { ...model, name: 'version', description: 'The version of the bundle in use.' } as const;
  const metadata: ApiOperation = {
    summary: 'Describe the model: its tensors, and its classes in their order',
    ...{ tags: ['Open Inference Protocol'], parameters: [{ ...model, description: 'The name of the bundle.' }] },
    responses: { '200': json('The metadata.', { type: 'object' }), ...unauthorized, ...otherModel },
  };
  const ready: ApiOperation = {
    summary: 'Whether the model can classify images',
    ...{ tags: ['Open Inference Protocol'], parameters: metadata.parameters! },
    responses: {
      '200': json('Yes.', { type: 'object' }),
      ...unauthorized,
      ...otherModel,
      '503': json('The server is stopping, or its threads are restarting.', { type: 'object' }),
    },
  };
  const infer: ApiOperation = {
    summary: 'Classify a tensor of images',
    description:
      'One input: "image", BYTES [N], encoded images (in base64 if in JSON); or "pixels", UINT8 [N, height, width, 3], RGB. Binary tensor data is accepted for inputs. An image that cannot be decoded is answered with 400.',
    ...{ tags: ['Open Inference Protocol'], parameters: metadata.parameters! },
    requestBody: { required: true, content: { 'application/json': { schema: schemaOf(inferBodySchema) } } },
    responses: {
      '200': json('The tensors "probabilities" and "label".', { type: 'object' }),
      ...errors,
      ...otherModel,
      ...later,
    },
  };
  const versioned = (operation: ApiOperation): ApiOperation => ({
    ...operation,
    parameters: [...operation.parameters!, version],
  });
  const health = (summary: string, tag: string): ApiOperation => ({
    ...{ summary, tags: [tag], ...open },
    responses: {
      '200': json('Yes.', { type: 'object' }),
      '503': json('The server is stopping, or its threads are restarting.', { type: 'object' }),
    },
  });
  return {
    openapi: '3.1.0',
    info: {
      title: 'Chorus',
      version: '1',
      description: 'Classifies images with a bundle. An error has a status and a body with error, a message, and code.',
    },
    paths: {
      '/classify': {
        post: {
          summary: 'Classify images',
          description:
            'The body is an image file; a form with one file per image; or JSON with base64. If some images of several cannot be decoded, the others are answered.',
          tags: ['Images'],
          parameters: [
            {
              ...{ name: 'top', in: 'query', schema: { type: 'integer', minimum: 1 } },
              description: 'Number of classes to return, the most probable first; by default all.',
            },
          ],
          requestBody: { required: true, content: bodies },
          responses: {
            '200': json('The classes of each image, the most probable first.', answerSchema),
            ...errors,
            '415': failed(`The type of the body is none of ${acceptedTypes.join(', ')}.`),
            '422': failed('No image can be decoded, or all have too many pixels.'),
            ...later,
          },
        },
      },
      '/healthz': { get: health('Whether the server takes requests', 'Operation') },
      '/metrics': {
        get: {
          ...{ summary: 'Metrics for Prometheus', tags: ['Operation'] },
          responses: { '200': { description: 'Metrics.', content: { 'text/plain': {} } }, ...unauthorized },
        },
      },
      '/v2': {
        get: {
          ...{ summary: 'Describe the server: its name and the extensions', tags: ['Open Inference Protocol'] },
          responses: { '200': json('The metadata.', { type: 'object' }), ...unauthorized },
        },
      },
      '/v2/health/live': {
        get: {
          ...{ summary: 'Whether the server runs', tags: ['Open Inference Protocol'], ...open },
          responses: { '200': json('Yes.', { type: 'object' }) },
        },
      },
      '/v2/health/ready': { get: health('Whether the server takes requests', 'Open Inference Protocol') },
      '/v2/models/{name}': { get: metadata },
      '/v2/models/{name}/versions/{version}': { get: versioned(metadata) },
      '/v2/models/{name}/ready': { get: ready },
      '/v2/models/{name}/versions/{version}/ready': { get: versioned(ready) },
      '/v2/models/{name}/infer': { post: infer },
      '/v2/models/{name}/versions/{version}/infer': { post: versioned(infer) },
    },
    components: needsToken ? { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } } : {},
    ...(needsToken ? { security: [{ token: [] }] } : {}),
  };
}

// --- internal ---

const file = { type: 'string', contentMediaType: 'application/octet-stream' };

const bodies = {
  'image/*': { schema: file },
  'application/octet-stream': { schema: file },
  'multipart/form-data': {
    schema: {
      type: 'object',
      properties: { image: { type: 'array', items: file }, top: { type: 'integer', minimum: 1 } },
    },
  },
  'application/json': { schema: schemaOf(classifyBodySchema) },
};

const answerSchema = schemaOf(
  z.object({
    model: z.object({ name: z.string(), version: z.string() }),
    results: z.array(
      z.object({
        name: z.string().optional().describe('Of the file in a form.'),
        classes: z.array(z.object({ label: z.string(), probability: z.number().min(0).max(1) })).optional(),
        error: z.string().optional().describe('Why the image cannot be used; then it has no classes.'),
        code: z.literal('unusable_image').optional(),
      }),
    ),
  }),
);

const errorSchema = schemaOf(z.object({ error: z.string(), code: z.string() }));

function schemaOf(schema: z.ZodType): object {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return rest;
}

function json(description: string, schema: object) {
  return { description, content: { 'application/json': { schema } } };
}

function failed(description: string) {
  return json(description, errorSchema);
}
