/** What Prometheus reads at `/metrics`. */
import type { MiddlewareHandler } from 'hono';
import { matchedRoutes } from 'hono/route';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { ByteBudget } from './http/byte-budget.ts';
import type { ImageService } from './model/image-service.ts';

/** The metrics of an app, and of the process. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #requests = new Counter({
    name: 'chorus_requests_total',
    help: 'Requests, by route and status.',
    labelNames: ['route', 'status'],
    registers: [this.#registry],
  });
  readonly #seconds = new Histogram({
    name: 'chorus_request_seconds',
    help: 'Time from the headers of a request to its answer.',
    labelNames: ['route'],
    buckets: [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30],
    registers: [this.#registry],
  });

  constructor(service: ImageService, budget: ByteBudget) {
    const registers = [this.#registry];
    collectDefaultMetrics({ register: this.#registry });
    new Gauge({
      name: 'chorus_pending_images',
      help: 'Images that wait or are in work.',
      ...{
        registers,
        collect() {
          this.set(service.pendingCount);
        },
      },
    });
    new Gauge({
      name: 'chorus_body_bytes',
      help: 'Bytes of bodies in memory.',
      ...{
        registers,
        collect() {
          this.set(budget.takenBytes);
        },
      },
    });
    new Counter({
      name: 'chorus_images_total',
      help: 'Images that were classified, and images that could not be decoded.',
      labelNames: ['outcome'],
      ...{
        registers,
        collect() {
          this.reset();
          const { classifiedCount, unusableCount } = service.counts;
          this.inc({ outcome: 'classified' }, classifiedCount);
          this.inc({ outcome: 'unusable' }, unusableCount);
        },
      },
    });
    new Counter({
      name: 'chorus_batches_total',
      help: 'Batches of images; the mean batch has chorus_images_total{outcome="classified"} divided by this.',
      ...{
        registers,
        collect() {
          this.reset();
          this.inc(Math.round(service.counts.batchCount));
        },
      },
    });
    new Gauge({
      name: 'chorus_model_info',
      help: 'The bundle in use; its value is 1.',
      labelNames: ['name', 'version', 'backend'],
      ...{
        registers,
        collect() {
          this.reset();
          const { name, version, backend } = service.model;
          this.set({ name, version, backend }, 1);
        },
      },
    });
  }

  /** Counts and times each request. */
  get middleware(): MiddlewareHandler {
    return async (context, next) => {
      const start = performance.now();
      await next();
      // The route of the app, not the path that a client may choose.
      const route = matchedRoutes(context).findLast(({ path }) => !path.endsWith('*'))?.path ?? 'other';
      this.#requests.inc({ route, status: context.res.status });
      this.#seconds.observe({ route }, (performance.now() - start) / 1000);
    };
  }

  /** The exposition format of Prometheus, and its type. */
  async read(): Promise<{ text: string; contentType: string }> {
    return { text: await this.#registry.metrics(), contentType: this.#registry.contentType };
  }
}
