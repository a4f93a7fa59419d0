/** The addresses of the views: `#/runs/<run>/labels`. */
import { useEffect, useState } from 'preact/hooks';

/** Parts of the view of one run. */
export const runParts = ['result', 'training', 'labels', 'try', 'export'] as const;
export type RunPart = (typeof runParts)[number];

export type Route =
  /** All data sets. */
  | { view: 'data' }
  | { view: 'data-set'; dataSet: string }
  /** All images of one class. */
  | { view: 'class'; dataSet: string; name: string }
  /** `dataSet`: the one to train on. */
  | { view: 'train'; dataSet?: string }
  | { view: 'runs' }
  | { view: 'compare'; runs: string[] }
  | { view: 'run'; run: string; part: RunPart };

/** The view of an address; of an unknown one, the data. */
export function routeOf(hash: string): Route {
  const [, view, first, second] = hash.replace(/^#/, '').split('/').map(decoded);
  switch (view) {
    case 'train':
      return first ? { view, dataSet: first } : { view };
    case 'compare':
      return { view, runs: (first ?? '').split('+').filter(Boolean).map(decoded) };
    case 'runs':
      if (!first) return { view };
      return { view: 'run', run: first, part: runParts.find((part) => part === second) ?? 'result' };
    default:
      if (view !== 'data' || !first) return { view: 'data' };
      return second ? { view: 'class', dataSet: first, name: second } : { view: 'data-set', dataSet: first };
  }
}

export function addressOf(route: Route): string {
  return `#/${partsOf(route)
    .map((part) => encodeURIComponent(part))
    .join('/')}`;
}

export function goTo(route: Route): void {
  location.hash = addressOf(route);
}

/** The view that the page's address names. */
export function useRoute(): Route {
  const [route, setRoute] = useState(() => routeOf(location.hash));
  useEffect(() => {
    const change = () => setRoute(routeOf(location.hash));
    addEventListener('hashchange', change);
    return () => removeEventListener('hashchange', change);
  }, []);
  return route;
}

// --- internal ---

function partsOf(route: Route): string[] {
  switch (route.view) {
    case 'data-set':
      return ['data', route.dataSet];
    case 'class':
      return ['data', route.dataSet, route.name];
    case 'train':
      return route.dataSet === undefined ? ['train'] : ['train', route.dataSet];
    case 'compare':
      // Encoded twice, because `+` separates the runs.
      return ['compare', route.runs.map((run) => encodeURIComponent(run)).join('+')];
    case 'run':
      return route.part === 'result' ? ['runs', route.run] : ['runs', route.run, route.part];
    default:
      return [route.view];
  }
}

/** An address that somebody typed may have a percent sign in it. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
