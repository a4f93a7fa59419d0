/** `POST /classify`. */
import type { Classification } from '@chorus/predictor';
import type { Context } from 'hono';
import { RequestError } from '../errors.ts';
import type { ImageAnswer } from '../model/protocol.ts';
import type { BodyImage } from './body-image.ts';
import { imagesOf, requireAcceptedType } from './body-images.ts';
import { type RouteContext, withBody } from './body-work.ts';
import { topOf } from './top.ts';

/** The answer of an image; its name is that of its file in a form. */
export type ClassifiedImage = { name?: string } & (
  | { classes: Classification[] }
  | { error: string; code: 'unusable_image' }
);

export interface ClassifyAnswer {
  model: { name: string; version: string };
  /** In the order of the request. */
  results: ClassifiedImage[];
}

/** @throws RequestError for a request that cannot be answered, or whose images are all unusable. */
export async function classifyRoute({ req, json }: Context, route: RouteContext): Promise<Response> {
  const contentType = req.header('Content-Type') ?? null;
  const topText = req.query('top');
  const queryTop = topText === undefined ? undefined : topOf(topText);
  requireAcceptedType(contentType);
  return withBody(req.raw, route, async (bytes, signal) => {
    const { images, top = queryTop } = await imagesOf(bytes, contentType, route.service.maxPending);
    const contents = images.map((image) => image.bytes);
    const { model, answers } = await route.service.classify(contents, signal);
    requireUsable(answers);
    const results = answers.map((answer, index) => classified(images[index]!, answer, top));
    return json({ model: { name: model.name, version: model.version }, results } satisfies ClassifyAnswer);
  });
}

// --- internal ---

function classified({ name }: BodyImage, answer: ImageAnswer, top: number | undefined): ClassifiedImage {
  return {
    ...(name === undefined ? {} : { name }),
    ...(answer.classes === undefined
      ? { error: answer.reason, code: 'unusable_image' }
      : { classes: answer.classes.slice(0, top) }),
  };
}

/** @throws RequestError if no image could be decoded. */
function requireUsable(answers: readonly ImageAnswer[]): void {
  const reasons = answers.flatMap(({ reason }) => reason ?? []);
  if (reasons.length < answers.length) return;
  throw new RequestError(
    422,
    'unusable_image',
    answers.length === 1
      ? `The image cannot be used: ${reasons[0]}.`
      : `None of the ${answers.length} images can be used; the first: ${reasons[0]}.`,
  );
}
